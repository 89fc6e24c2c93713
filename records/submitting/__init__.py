"""成批提交 — a unit submits many of its drafts in one step, each warning rule explained once for all of them."""
