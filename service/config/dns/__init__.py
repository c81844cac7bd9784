"""The settings of sources that ask the DNS."""
