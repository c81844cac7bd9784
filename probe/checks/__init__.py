"""The questions asked of an endpoint, one file each: pure strategies over a Prober.

A check knows no socket, no limit and no clock; what it may conclude from an answer is in
``probe.dialogue.exchange``.
"""
