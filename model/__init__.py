"""The vocabulary that every layer shares: frozen, typed values, their JSON, and Protocols.

Standard library only. What lives here is named the same in code, CLI, metrics and docs;
what must never live here is I/O, a clock, or a third-party import.
"""
