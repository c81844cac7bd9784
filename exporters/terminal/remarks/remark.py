"""One problem of an endpoint, found without a policy."""

from __future__ import annotations

from model.findings.finding import Severity
from model.frozen import frozen


@frozen
class Remark:
    """The problem in one sentence, and how to fix it; both may contain text that a server chose.

    ``rules`` are the identifiers of the rules that judge the same thing. ``named`` is set if such a rule judges
    several things: a violation is about this one only if it names it.
    """

    severity: Severity
    text: str
    fix: str = ""
    rules: frozenset[str] = frozenset()
    named: str = ""
