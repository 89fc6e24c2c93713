"""Management commands of transmission."""
