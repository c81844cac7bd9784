"""The questions that a visit asks of an endpoint, one file each: pure strategies over a Prober.

A check does not know sockets, limits or clocks. ``probe.dialogue.exchange`` defines what it may conclude from
an answer.
"""
