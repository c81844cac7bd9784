"""Shows what is known to others: each exporter takes a Snapshot and never probes."""
