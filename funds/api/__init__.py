"""REST face of funds."""
