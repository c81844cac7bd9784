"""What the service stores next to the facts: requested probes, and counts of the fleet."""
