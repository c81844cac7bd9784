"""Stores all bytes of a visit, and runs the same visit again without a network.

A recording is bytes and times; on replay the same checks interpret them again.
"""
