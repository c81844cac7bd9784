"""Of several certification paths the best one counts, whatever the order in which the certificates were sent."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pytest

from model.certificates.certificate import TrustVerdict
from model.verdict import Verdict
from pki.certificates import TrustStore, parse_certificate
from pki.certificates.certification_paths import ways_up
from pki.certificates.path_building import read_link
from tests.pki.certificates.making import DAY, NOW, SERVER_NAMES, Made, make

SOON, LATE, LEAF_END = NOW + 20 * DAY, NOW + 60 * DAY, NOW + 90 * DAY
FAR: Final = NOW + 3650 * DAY

ROOT = make("root", is_ca=True, valid_to=FAR)
OTHER = make("other", is_ca=True, valid_to=FAR)
MIDDLE = make("middle", is_ca=True, valid_to=FAR)
"""A separate root that two others cross-signed."""


def crossed(issuer: Made, end: datetime) -> Made:
    return make("middle", issuer=issuer, is_ca=True, private_key=MIDDLE.key, valid_to=end)


BY_ROOT_SOON, BY_OTHER_LATE = crossed(ROOT, SOON), crossed(OTHER, LATE)
SHORT = make("short", issuer=ROOT, is_ca=True, valid_to=SOON)
LONG = make("long", issuer=ROOT, is_ca=True, valid_to=FAR)
BY_SHORT, BY_LONG = crossed(SHORT, FAR), crossed(LONG, LATE)
LEAF = make("server", issuer=MIDDLE, names=SERVER_NAMES, valid_to=LEAF_END)
ANOTHER_WAY = "Clients that also try cross-signed issuers find a valid path."


def judged(sent: tuple[Made, ...], anchors: tuple[Made, ...]) -> TrustVerdict:
    store = TrustStore("own", lambda: [anchor.der for anchor in anchors])
    return store.verify([parse_certificate(made.der) for made in sent], NOW)


@pytest.mark.parametrize(
    ("sent", "anchors", "end"),
    [
        ((LEAF, BY_ROOT_SOON, BY_OTHER_LATE), (ROOT, OTHER), LATE),
        ((LEAF, BY_OTHER_LATE, BY_ROOT_SOON), (OTHER, ROOT), LATE),
        ((LEAF, BY_ROOT_SOON), (ROOT, MIDDLE), LEAF_END),
        ((LEAF, BY_SHORT, BY_LONG, SHORT, LONG), (ROOT,), LATE),
        ((LEAF, BY_ROOT_SOON), (ROOT,), SOON),
        ((LEAF, crossed(ROOT, NOW - DAY), BY_OTHER_LATE), (ROOT, OTHER), LATE),
    ],
    ids=[
        "the shorter is sent first",
        "the longer is sent first",
        "the cross-signed one is an anchor",
        "they differ further up",
        "there is one alone",
        "one has expired",
    ],
)
def test_the_path_expiry_is_that_of_the_best_path(
    sent: tuple[Made, ...], anchors: tuple[Made, ...], end: datetime
) -> None:
    found = judged(sent, anchors)
    assert (found.verdict, found.reason, found.path_not_after) == (Verdict.YES, None, end)


def test_a_path_that_openssl_does_not_backtrack_to_is_reported() -> None:
    found = judged((LEAF, BY_OTHER_LATE, BY_ROOT_SOON), (ROOT,))
    assert found.verdict is Verdict.NO
    assert found.reason == f"CN=other was not sent and is not in the store. {ANOTHER_WAY}"
    assert found.path_not_after == SOON


def test_a_thousand_paths_cost_no_more_than_a_few() -> None:
    maze = [crossed(MIDDLE, NOW + number * DAY) for number in range(1, 31)]
    links = [read_link(made.der) for made in (LEAF, *maze)]
    anchor = read_link(MIDDLE.der)
    found = ways_up(links, lambda link: [anchor.der] if anchor.issued(link) else [])
    assert 0 < len(found) <= 16
    assert ways_up(links, lambda _: []) == ()
    assert judged((LEAF, *maze), (MIDDLE,)).verdict is Verdict.YES
