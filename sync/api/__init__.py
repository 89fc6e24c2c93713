"""REST face of transmission."""
