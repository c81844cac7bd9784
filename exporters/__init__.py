"""Exporters show the inventory to other systems and people: each takes a Snapshot and never probes."""
