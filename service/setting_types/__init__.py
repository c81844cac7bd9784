"""The types that settings share: times, ports and addresses, and where a secret is. They know no setting."""
