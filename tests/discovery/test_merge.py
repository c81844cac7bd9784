"""Several sources form one inventory, and some targets must never be part of it."""

from __future__ import annotations

import pytest

from discovery.merge import merge, sift
from discovery.targets import parse_target
from model.target import Target
from pki.net_guard.deny import DenyList
from pki.net_guard.gate import SocketGate


def at(text: str, source: str = "one", **labels: str) -> Target:
    return parse_target(text, labels=labels, source=source)


async def test_a_target_of_two_sources_is_one_target_and_names_both() -> None:
    found = await merge(
        [[at("a.test", team="x")], [at("a.test", "two", team="y", zone="z"), at("b.test", "two")]]
    )
    assert [(one.key, one.source) for one in found] == [
        ("a.test:443", "one, two"),
        ("b.test:443", "two"),
    ]
    assert found[0].labels == {"team": "x", "zone": "z"}


@pytest.mark.parametrize(
    ("entry", "text", "is_denied"),
    [
        ("10.9.0.0/16", "10.9.1.2:443", True),
        ("10.9.0.0/16", "10.8.1.2:443", False),
        ("192.0.2.7:5432", "192.0.2.7:5432", True),
        ("192.0.2.7:5432", "192.0.2.7:443", False),
        ("2001:db8::/32", "[2001:db8::7]:443", True),
        ("[2001:db8::7]:443", "[2001:db8::7]:443", True),
        ("[2001:db8::7]:443", "[2001:db8::7]:444", False),
        ("*.corp.test", "db.corp.test:5432", True),
        ("*.corp.test", "corp.test:5432", False),
        ("DB.test", "db.test:1", True),
        ("db.test:5432", "db.test:443", False),
        ("*", "any.test:443", True),
    ],
)
async def test_a_deny_list_entry_denies_matching_targets(
    entry: str, text: str, is_denied: bool
) -> None:
    sifted = await sift([at(text)], (), SocketGate(deny=DenyList([entry])))
    assert (len(sifted.denied), len(sifted.kept)) == (int(is_denied), int(not is_denied))


def test_the_requested_name_is_denied_too() -> None:
    asked = parse_target("192.0.2.1:443", server_name="secret.test")
    assert DenyList(["secret.test"]).forbids(asked)


@pytest.mark.parametrize("entry", ["", "a b", "10.0.0.0/99", "x.test:0", "x.test:http", "a/b"])
def test_an_invalid_entry_is_reported(entry: str) -> None:
    with pytest.raises(ValueError, match="must be a network or a host name"):
        DenyList([entry])
