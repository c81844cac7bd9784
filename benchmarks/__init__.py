"""How fast is tlsprobe compared with sslyze, sslscan and nmap, and what does the service cost?

``python -m benchmarks`` measures and prints; docs/explanation/benchmarks.md explains the results.
"""
