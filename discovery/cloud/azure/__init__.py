"""Azure: application gateways with their TLS settings, read from Azure Resource Manager."""
