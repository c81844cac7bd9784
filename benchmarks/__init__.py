"""How long tlsprobe takes beside sslyze, sslscan and nmap, on one server, in one run.

``python -m benchmarks`` measures and prints; docs/explanation/benchmarks.md says how to read it.
"""
