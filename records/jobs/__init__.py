"""Background work as rows, and alarms; see README.md."""
