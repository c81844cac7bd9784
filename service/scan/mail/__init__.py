"""Mail domains on the command line."""
