"""Benchmarks: every figure beside its floor, measured in the same run; nothing here is a timed test."""
