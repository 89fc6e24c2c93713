"""Shared ground of every app: no models, no imports from any app."""
