from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.target import Endpoint, Target
from service.fleet.request import (
    Request,
    queue_of,
    queue_of_zone,
    queues_of_tags,
    requests_from_json,
    requests_to_json,
)

NOW = datetime(2026, 11, 25, 2, 30, 0, 123456, tzinfo=UTC)
LONGEST_CHANNEL = 63 - len("procrastinate_queue_v1#")
"""PostgreSQL's maximum name length, minus the prefix that Procrastinate adds to a queue's name."""


def request(visited_at: datetime | None = NOW, **labels: str) -> Request:
    target = Target(
        host="2001:db8::1",
        port=25,
        server_name="mail.example",
        protocol="smtp",
        labels=labels,
        source="file:a.yml",
    )
    return Request(
        endpoint=Endpoint(target=target, address="2001:db8::1"),
        visited_at=visited_at,
        is_to_verify=True,
    )


@pytest.mark.parametrize("visited_at", [NOW, None])
def test_requests_survive_their_json(visited_at: datetime | None) -> None:
    asked = [request(visited_at, team="payments", zone="dmz")]
    read = requests_from_json(json.loads(json.dumps(requests_to_json(asked))))
    assert read == asked
    assert read[0].endpoint.target.source == "file:a.yml"
    assert read[0].endpoint.target.labels == {"team": "payments", "zone": "dmz"}


def test_a_visit_newer_than_the_known_one_completes_the_request() -> None:
    assert not request().is_outdated_by(NOW)
    assert not request().is_outdated_by(None)
    assert request().is_outdated_by(NOW + timedelta(microseconds=1))
    assert request(None).is_outdated_by(NOW)


def test_only_labels_named_zone_choose_the_queue() -> None:
    assert queue_of(request(region="dmz").endpoint.target) == "any"
    assert queue_of(request(zone="").endpoint.target) == "any"
    assert queue_of(request(zone="dmz").endpoint.target) == "zone=dmz"


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_zone_has_a_queue_that_postgresql_can_name(one: str, other: str) -> None:
    names = [queue_of_zone(one), queue_of_zone(other)]
    assert all(len(name) <= LONGEST_CHANNEL and name.isascii() for name in names)
    assert (names[0] == names[1]) == (one == other)


def test_tags_are_the_zones_that_a_worker_serves() -> None:
    assert queues_of_tags(["zone=dmz", "zone=office"]) == ["zone=dmz", "zone=office"]
    assert queues_of_tags([]) == ["any"]


@pytest.mark.parametrize("tag", ["dmz", "zone=", "region=eu", "=x"])
def test_the_error_for_an_invalid_tag_says_what_to_write(tag: str) -> None:
    with pytest.raises(ValueError, match="use zone=NAME, such as zone=dmz"):
        queues_of_tags([tag])
