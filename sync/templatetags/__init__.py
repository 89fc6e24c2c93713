"""Template tags of change orders."""
