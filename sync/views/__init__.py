"""Pages of transmission."""
