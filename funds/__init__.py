"""资金: fund documents and lines; see README.md."""
