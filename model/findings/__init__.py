"""What do policies derive from an Observation: Findings, their lifecycle, alerts and remediations?"""
