"""更改 — pages of change orders: lists, the order with its seats, asking, the letter, delegations."""
