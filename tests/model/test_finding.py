"""The identity of a Finding: stable over time, and the same for every reader."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from tests.support.results import failed

NAMES = st.text(st.characters() | st.characters(categories=["Cs"]))


def test_a_fingerprint_is_the_hash_of_endpoint_policy_and_rule() -> None:
    identity = "www.example:443@192.0.2.1\nours\nhsts"
    made = failed("hsts", "ours").fingerprint("www.example:443@192.0.2.1")
    assert made == hashlib.sha256(identity.encode()).hexdigest()


@given(policy=NAMES, rule=NAMES, endpoint_key=NAMES)
def test_a_finding_read_from_json_has_the_fingerprint_that_was_written(
    policy: str, rule: str, endpoint_key: str
) -> None:
    names = json.loads(json.dumps([policy, rule, endpoint_key]))
    assert failed(names[1], names[0]).fingerprint(names[2]) == failed(rule, policy).fingerprint(
        endpoint_key
    )
