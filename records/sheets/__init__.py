"""Workbooks: templates, imports with their preview and undo, returned workbooks, exports."""
