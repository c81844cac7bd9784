"""Hostile chains: each one yields facts within the limits, and is harmless on a terminal."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Final

import pytest
from cryptography import x509

from exporters.terminal.scan_report import render_report
from model.certificates.certificate import Problem, ServedChain
from model.encoding.observation_json import to_json
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.certificates import TrustStore, deployment
from tests.pki.certificates.making import NOW, SERVER_NAME, SERVER_NAMES, Made, make
from tests.service.samples import modern

ROOT: Final = make("root", is_ca=True)
MOST_JSON: Final = 2_000_000


def _many(count: int, below: str) -> tuple[x509.GeneralName, ...]:
    return tuple(x509.DNSName(f"n{number}.{below}") for number in range(count))


def _bomb() -> tuple[Made, ...]:
    """RFC 5280, section 4.2.1.10: each name of the leaf is checked against each of the constraints."""
    constraints = x509.NameConstraints(
        permitted_subtrees=_many(3000, "p.test"), excluded_subtrees=None
    )
    authority = make("bomb", issuer=ROOT, is_ca=True, extensions=(constraints,))
    return make("server", issuer=authority, names=_many(3000, "q.test")), authority


def _megabyte() -> tuple[Made, ...]:
    ballast = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), bytes(2**20))
    return (make("server", issuer=ROOT, names=SERVER_NAMES, hints=(ballast,)),)


def _wide(text: str) -> tuple[Made, ...]:
    return (make(text, issuer=ROOT, names=SERVER_NAMES),)


CHAINS: Final[dict[str, Callable[[], tuple[Made, ...]]]] = {
    "ten thousand names": lambda: (
        make("server", issuer=ROOT, names=(*SERVER_NAMES, *_many(10_000, "test"))),
    ),
    "a megabyte": _megabyte,
    "a bomb of constraints": _bomb,
    "NUL and newlines": lambda: _wide("server.test\0.evil\r\nInjected: yes"),
    "escape sequences": lambda: _wide("\x1b[2J\x1b]0;owned\x07\x9b31m"),
    "written backwards": lambda: _wide("\u202etset.revres\u2066\u200f"),
    "homograph": lambda: _wide("s\u0435rver.test"),
    "before 1970": lambda: (
        make(
            "server",
            issuer=ROOT,
            names=SERVER_NAMES,
            valid_from=datetime(1951, 1, 1, tzinfo=UTC),
            valid_to=datetime(1969, 1, 1, tzinfo=UTC),
        ),
    ),
    "without an end": lambda: (
        make(
            "server",
            issuer=ROOT,
            names=SERVER_NAMES,
            valid_to=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        ),
    ),
    "a hundred times the root": lambda: (
        make("server", issuer=ROOT, names=SERVER_NAMES),
        *[ROOT] * 99,
    ),
}


@cache
def judged(name: str) -> ServedChain:
    return deployment(
        [made.der for made in CHAINS[name]()],
        versions=(ProtocolVersion.TLSV1_2,),
        served_with_server_name=True,
        host=SERVER_NAME,
        at=NOW,
        stores={"own": TrustStore("own", lambda: [ROOT.der])},
    )


@pytest.mark.parametrize("name", CHAINS)
def test_the_facts_are_harmless_to_readers(name: str) -> None:
    found = judged(name)
    assert found.leaf.sha256
    assert found.leaf.not_after is not None

    seen = replace(modern(), certificates=(found,))
    assert len(json.dumps(to_json(seen))) < MOST_JSON
    page = render_report(seen, NOW)
    strange = {unicodedata.category(one) for one in page if one != "\n"} & {"Cc", "Cf", "Cs", "Co"}
    assert not strange
    assert len(page) < 20_000


def test_a_bomb_of_constraints_is_not_trusted() -> None:
    assert judged("a bomb of constraints").trust["own"].verdict is not Verdict.YES


def test_unusual_dates_are_judged() -> None:
    assert Problem.EXPIRED in judged("before 1970").problems
    assert judged("without an end").problems == ()


def test_no_more_of_a_chain_is_stored_than_any_client_reads() -> None:
    found = judged("a hundred times the root")
    assert len(found.chain) == 32
    assert Problem.SURPLUS in found.problems
