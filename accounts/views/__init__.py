"""Pages of signing in and of administration."""
