"""Lifecycle, reviews, revisions, locks, attachments; see README.md."""
