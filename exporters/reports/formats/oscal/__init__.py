"""The documents in OSCAL 1.1.3 (NIST's Open Security Controls Assessment Language), as JSON.

The policy is a catalog, the compliance report assessment results, the guidelines a component definition. All
three use the same identifiers of controls. Every UUID is derived from what it identifies (RFC 9562, version 5),
so equal data give equal documents.
"""
