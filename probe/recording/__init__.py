"""Keeps all that was said in a visit, and runs the same visit again without a network.

A recording is bytes and times; what they mean is learned again on replay, by the same checks.
"""
