"""Composition root: settings, URLs, background work, the embedded database, and `common`."""
