"""Explains the facts of one endpoint with the bytes that prove them: ``tlsprobe explain``.

A fact has a path, as Changes and the Observation's JSON write it: ``protocols.TLSv1.0``. ``names`` accepts the
path, and every other name that an output uses for the fact.
"""
