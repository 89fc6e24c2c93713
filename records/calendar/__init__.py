"""The working calendar: holidays, make-up days, due dates and deadlines; see README.md."""
