"""A Guideline: what the policies ask of one service, and the configuration of each kind of server that meets it."""

from __future__ import annotations

from model.findings.remediation import Remediation
from model.frozen import frozen


@frozen
class GuidedRule:
    """A rule of a policy, and the ``settings`` that meet it; empty if no setting of a server does."""

    policy: str
    rule: str
    settings: tuple[str, ...]


@frozen
class ServerGuide:
    """The configuration of one kind of server; ``uncovered`` names the rules that no line is about."""

    remedy: Remediation
    uncovered: tuple[str, ...] = ()


@frozen
class Guideline:
    """The guideline for one service and one set of policies.

    ``endpoints`` counts those to which exactly these policies apply. ``unproved`` says what no visit sees of
    the service. ``is_contradictory`` is whether no configuration meets all the policies; ``servers`` is empty
    then.
    """

    service: str
    policies: tuple[str, ...]
    endpoints: int
    rules: tuple[GuidedRule, ...]
    servers: tuple[ServerGuide, ...] = ()
    unproved: str = ""
    is_contradictory: bool = False
