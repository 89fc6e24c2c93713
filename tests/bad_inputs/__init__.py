"""The catalogue of hostile inputs, row by row."""
