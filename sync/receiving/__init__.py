"""接收 — batches arrive in parts, at least once; what is received is durable before it is said."""
