"""The suite: pytest functions with sentence names, a real PostgreSQL, no network."""
