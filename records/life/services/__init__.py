"""Writes of a record's life: saving content, taking steps, drafts, attachments."""
