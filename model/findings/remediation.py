"""A Remediation: the configuration lines that make one kind of server comply with a policy."""

from __future__ import annotations

from model.frozen import frozen


@frozen
class Remediation:
    """Lines of configuration, or commands.

    ``server`` is the product name, such as ``nginx``; ``place`` says in a few words where ``lines`` belong.
    """

    server: str
    place: str
    lines: tuple[str, ...]
