"""What the catalogue says of each check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from model.frozen import frozen
from model.intrusiveness import Intrusiveness
from probe.checks.part import Part
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts

Ask: TypeAlias = Callable[[Prober, VisitFacts], Awaitable[None]]


@frozen
class Check:
    """One question. ``facts`` names the features, vulnerabilities and so on that it fills; ``other_facts``
    names its other facts as they appear in ``Observation.not_asked``. It waits for those checks of its stage that
    are in ``after``, because it builds on them, and for a short while for those in ``yields_to``, whose series of
    questions are longer. With ``is_first_contact`` it runs even if no version is proved.

    ``level`` is the lowest intrusiveness at which the check may send anything. Below it, the check still concludes
    what earlier answers show, for example that a server without RSA key exchange is not vulnerable to ROBOT.
    """

    part: Part
    ask: Ask
    level: Intrusiveness
    facts: tuple[str, ...] = ()
    other_facts: tuple[str, ...] = ()
    after: tuple[Ask, ...] = ()
    yields_to: tuple[Ask, ...] = ()
    is_first_contact: bool = False


@frozen
class Stage:
    """Checks that run side by side; ``phrase`` describes the current question to the user."""

    phrase: str
    checks: tuple[Check, ...]
