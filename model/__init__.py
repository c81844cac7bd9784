"""The shared vocabulary of all layers: frozen, typed values, their JSON, and Protocols.

Standard library only. A value has the same name in code, CLI, metrics and docs. This package
does no I/O, reads no clock and imports no third-party package.
"""
