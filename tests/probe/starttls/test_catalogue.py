"""The catalogue of protocols holds together."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from model.target import PROTOCOLS_AT
from probe.connect.starttls.catalogue import AUTO, IMPLICIT, STARTTLS, application
from probe.dialogue.before_tls.greetings import GREETINGS

PAGE = Path(__file__).parents[3] / "docs" / "protocols.md"


def test_no_name_stands_twice() -> None:
    names = Counter(name for one in (*IMPLICIT, *STARTTLS) for name in (one.name, *one.aliases))
    assert [name for name, count in names.items() if count > 1] == []
    assert AUTO not in names


def test_the_ports_that_name_a_protocol_are_those_of_the_catalogue() -> None:
    assert {port: one.name for one in STARTTLS for port in one.ports} == PROTOCOLS_AT


def test_only_the_first_group_has_words_before_tls() -> None:
    assert all(one.upgrade is not None for one in STARTTLS)
    assert all(one.upgrade is None for one in IMPLICIT)


@pytest.mark.parametrize("greeting", [one for one in GREETINGS if one.protocol])
def test_a_greeting_names_a_protocol_of_the_catalogue(greeting: object) -> None:
    assert application(getattr(greeting, "protocol", "")).upgrade is not None


def test_the_page_has_each_protocol_with_its_ports() -> None:
    rows = re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for names, _ in rows for name in re.findall(r"`([a-z0-9-]+)`", names)}
    assert named == {name for one in (*IMPLICIT, *STARTTLS) for name in (one.name, *one.aliases)}
    ports = {int(port) for _, listed in rows for port in re.findall(r"\d+", listed)}
    assert ports == {port for one in (*IMPLICIT, *STARTTLS) for port in one.ports}
