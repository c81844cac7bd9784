"""The catalogue of protocols is consistent."""

from __future__ import annotations

import pytest

from model.application_protocol import PROTOCOLS
from probe.connect.starttls.application import application
from probe.connect.starttls.catalogue import IN_PLAINTEXT, STARTTLS
from probe.dialogue.before_tls.greetings import GREETINGS


def test_every_protocol_that_upgrades_has_a_script_and_no_other_has() -> None:
    assert [one.name for one in STARTTLS] == [one.name for one in PROTOCOLS if one.upgrades]
    assert all(one.upgrade is not None for one in STARTTLS)
    assert all(one.upgrade is None for one in IN_PLAINTEXT)


def test_every_row_has_a_distinct_protocol() -> None:
    names = [one.name for one in (*STARTTLS, *IN_PLAINTEXT)]
    assert len(set(names)) == len(names)
    assert set(names) <= {one.name for one in PROTOCOLS}


@pytest.mark.parametrize("greeting", [one for one in GREETINGS if one.protocol])
def test_a_greeting_names_a_protocol_of_the_catalogue(greeting: object) -> None:
    assert application(getattr(greeting, "protocol", "")).upgrade is not None
