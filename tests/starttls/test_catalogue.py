"""The catalogue of protocols holds together."""

from __future__ import annotations

from collections import Counter

import pytest

from model.target import PROTOCOLS_AT
from probe.connect.starttls.catalogue import AUTO, IMPLICIT, STARTTLS, application
from probe.tls.plaintext import GREETINGS


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
