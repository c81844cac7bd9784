"""Turns pages into write requests, one after the other, so only one is in memory.

A stale marker ends a series that an earlier page had and no page has now: queries stop showing it at once, not
five minutes later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from model.frozen import frozen
from service.integrations.remote_write.protobuf import STALE, encode_series, number_bytes
from service.integrations.remote_write.series import labels_of, samples_of

_MOST_SERIES: Final = 2000
"""The most samples in one request, as in Prometheus' own senders."""


@frozen
class WriteRequest:
    """An uncompressed WriteRequest, and the number of its samples."""

    body: bytes
    samples: int


def write_requests(
    pages: Sequence[bytes],
    earlier: Sequence[bytes],
    labels: Mapping[str, str],
    at_milliseconds: int,
) -> Iterator[WriteRequest]:
    """The samples of ``pages`` (gzip) at a given time, and the end of series that only ``earlier`` pages had.

    ``labels`` are added to each series. The time is in milliseconds since the epoch.
    """
    series = _series(pages, earlier, labels, at_milliseconds)
    while some := list(islice(series, _MOST_SERIES)):
        yield WriteRequest(body=b"".join(some), samples=len(some))


def _series(
    pages: Sequence[bytes],
    earlier: Sequence[bytes],
    labels: Mapping[str, str],
    at_milliseconds: int,
) -> Iterator[bytes]:
    # Store hashes: the texts of a large inventory would take a hundred megabytes.
    written: set[int] = set()
    for page in pages:
        for series, value in samples_of(page):
            written.add(hash(series))
            yield encode_series(
                labels_of(series, labels), number_bytes(float(value)), at_milliseconds
            )
    for page in earlier:
        for series, _ in samples_of(page):
            if hash(series) not in written:
                written.add(hash(series))
                yield encode_series(labels_of(series, labels), STALE, at_milliseconds)
