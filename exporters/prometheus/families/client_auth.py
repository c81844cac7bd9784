"""What an endpoint does with client certificates, and what its owner expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from model.observation import ClientAuthMode
from model.snapshot import EndpointStatus
from model.target_labels import CLIENT_AUTH
from model.verdict import Verdict

MODES: Final = (ClientAuthMode.NONE, ClientAuthMode.REQUESTED, ClientAuthMode.REQUIRED)


def _mode(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.client_auth.items():
        if found.mode in MODES:
            for mode in MODES:
                yield (version.label, mode.value), float(found.mode is mode)


def _verified(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.client_auth.items():
        if found.verifies in {Verdict.YES, Verdict.NO}:
            yield (version.label,), float(found.verifies is Verdict.YES)


def _expected(status: EndpointStatus) -> Iterator[Sample]:
    expected = status.observation.endpoint.target.labels.get(CLIENT_AUTH)
    if expected in set(MODES):
        yield (expected,), 1.0


def _own_accepted(status: EndpointStatus) -> Iterator[Sample]:
    for version, found in status.observation.client_auth.items():
        if found.own is not None and found.own.is_accepted is not Verdict.UNKNOWN:
            accepted = found.own.is_accepted is Verdict.YES
            yield (version.label, found.own.identity), float(accepted)


def _own_not_after(status: EndpointStatus) -> Iterator[Sample]:
    own = (found.own for found in status.observation.client_auth.values())
    ends = {one.identity: one.not_after for one in own if one is not None}
    for identity, not_after in ends.items():
        yield (identity,), not_after.timestamp()


CLIENT_AUTH_FAMILIES: Final = (
    Family(
        name="client_auth",
        fact="client_auth.{protocol}.mode",
        help="1 for the mode in which a client certificate is requested, 0 for the other two "
        "modes.",
        example='tlsprobe_client_auth{mode="required"} == 1',
        labels=("protocol", "mode"),
        samples=_mode,
    ),
    Family(
        name="client_auth_verified",
        fact="client_auth.{protocol}.verifies",
        help="1 if forged client certificates are refused, 0 if one is accepted.",
        example="tlsprobe_client_auth_verified == 0",
        labels=("protocol",),
        samples=_verified,
    ),
    Family(
        name="client_auth_expected",
        help="1, with the mode in the target's label client_auth; absent without the label.",
        example='tlsprobe_client_auth{mode="required"} == 0 and on (target, address) '
        'tlsprobe_client_auth_expected{mode="required"}',
        labels=("mode",),
        samples=_expected,
    ),
    Family(
        name="client_cert_accepted",
        fact="client_auth.{protocol}.own",
        help="1 if the user's own client certificate is accepted, 0 if it is refused.",
        example="tlsprobe_client_cert_accepted == 0",
        labels=("protocol", "identity"),
        samples=_own_accepted,
    ),
    Family(
        name="client_cert_not_after_timestamp_seconds",
        help="End of the validity period of the user's own client certificate.",
        example="tlsprobe_client_cert_not_after_timestamp_seconds - time() < 14 * 86400",
        labels=("identity",),
        samples=_own_not_after,
    ),
)
