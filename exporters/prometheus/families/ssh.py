"""SSH servers: their facts, the sizes of their host keys, and the ends of their host certificates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample, known_verdicts
from model.judging.ssh import certificate_ends, host_key_sizes
from model.snapshot import EndpointStatus

SSH_FACTS: Final = (
    "extension_info",
    "post_quantum_key_exchange",
    "post_quantum_offered",
    "strict_key_exchange",
    "terrapin",
    "version_1",
)
"""The facts that are true or false; the lists of algorithms have no series."""


def _facts(status: EndpointStatus) -> Iterator[Sample]:
    return known_verdicts(status.observation.ssh, SSH_FACTS)


def _key_sizes(status: EndpointStatus) -> Iterator[Sample]:
    for key, bits in host_key_sizes(status.observation.ssh):
        yield (key,), float(bits)


def _ends(status: EndpointStatus) -> Iterator[Sample]:
    for key, end in certificate_ends(status.observation.ssh):
        yield (key,), end.timestamp()


SSH_FAMILIES: Final = (
    Family(
        name="ssh",
        fact="ssh.{fact}",
        help="1 if this fact about the SSH server is true, 0 if it is not.",
        example='tlsprobe_ssh{fact="terrapin"} == 1',
        labels=("fact",),
        samples=_facts,
    ),
    Family(
        name="ssh_host_key_size_bits",
        fact="ssh",
        help="Size of the SSH server's host key, which a signature proved.",
        example='tlsprobe_ssh_host_key_size_bits{host_key="rsa"} < 3072',
        labels=("host_key",),
        samples=_key_sizes,
    ),
    Family(
        name="ssh_host_certificate_not_after_timestamp_seconds",
        fact="ssh",
        help="When the certificate of the SSH server's host key ends.",
        example="tlsprobe_ssh_host_certificate_not_after_timestamp_seconds - time() < 7 * 86400",
        labels=("host_key",),
        samples=_ends,
    ),
)
