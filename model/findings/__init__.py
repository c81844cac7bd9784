"""What policies make of an Observation: Findings, their life, alerts, remediations."""
