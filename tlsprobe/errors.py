"""The errors that the public API raises: each message says what is wrong and what to do.

A server that does not answer is not an error: its Observation says so (``state`` and ``reason``).
"""

from __future__ import annotations


class TlsprobeError(Exception):
    """The base class of all errors of this package."""


class InputError(TlsprobeError, ValueError):
    """An argument cannot be used; the message starts with its name."""


class PolicyError(TlsprobeError, ValueError):
    """A policy cannot be used, or matches no endpoint; the message has the file and the line."""


class JsonError(TlsprobeError, ValueError):
    """A text is not an Observation in the format of ``docs/reference/observation.schema.json``."""


class ShadowedPackageError(TlsprobeError, ImportError):
    """Another package hides one of tlsprobe's; the message names both."""
