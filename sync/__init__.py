"""上报: seal, batch, transmission, receipt, ingest, windows; see README.md."""
