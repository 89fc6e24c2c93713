"""REST face of totals."""
