"""The expected facts of a real server in each of its configurations, written from these configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from model.observation import State
from model.verdict import Verdict
from tests.zoo.certificates import Certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One port of one server: the protocol used for it, and what a visit should find.

    ``plaintext`` are the verdicts by the names of ``Observation.plaintext``, all of them; ``values`` those of
    their values that the configuration determines. ``reason`` must be part of the Observation's. ``or_state``
    is as correct as ``state`` if the server decides between the two at random. ``is_quick`` is for servers
    that are slow for each connection: they are asked fewer questions.
    """

    configuration: str
    protocol: str
    state: State = State.TLS
    or_state: State | None = None
    plaintext: Mapping[str, Verdict] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    is_quick: bool = False
    injection: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RealServer:
    """``start`` yields the port of each configuration while its context lasts."""

    name: str
    host: str = "127.0.0.1"
    start: Callable[[Certificates], AbstractContextManager[Mapping[str, int]]]
    cases: tuple[Case, ...]


def verdicts(
    *,
    offered: bool | None,
    works: bool,
    enforced: bool | None,
    login: bool | None,
    clear: bool | None,
) -> Mapping[str, Verdict]:
    """The plaintext facts of a protocol with STARTTLS; None if there is no such fact."""
    every = {
        "starttls_offered": offered,
        "starttls_works": works,
        "starttls_enforced": enforced,
        "login_before_tls": login,
        "answers_in_plaintext": clear,
    }
    return {
        name: Verdict.YES if holds else Verdict.NO
        for name, holds in every.items()
        if holds is not None
    }
