"""Writes the service's records: waivers, targets of the API, events, the audit log and others."""
