"""Brokers, stores and mail servers, each with the TLS defaults of its package except where a test says so."""
