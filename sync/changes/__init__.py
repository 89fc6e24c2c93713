"""更改申请 — a sent record changes only with two signatures and two consents (art. 12)."""
