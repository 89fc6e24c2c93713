"""The life every reportable record shares; see README.md."""
