"""资金链 — one document followed through the levels: what was given, has arrived, went on, stayed, lies idle."""
