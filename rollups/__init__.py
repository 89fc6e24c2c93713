"""汇总: summary cells, explorer, charts, exports; see README.md."""
