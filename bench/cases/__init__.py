"""One module per case; `run(quick=…)` yields figures."""
