"""IKE responders: whether they accept each transform, and their other facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample, known_verdicts
from model.registry.ike_transforms import TRANSFORMS
from model.snapshot import EndpointStatus
from model.verdict import Verdict

IKE_FACTS: Final = (
    "cookie",
    "fragmentation",
    "ikev1_aggressive_mode",
    "ikev1_main_mode",
    "ikev2",
    "intermediate_exchange",
    "port_4500",
    "post_quantum_key_exchange",
    "post_quantum_preshared_key",
    "redirect",
)
"""The facts of the responder; those of transforms have a series of their own."""


def _facts(status: EndpointStatus) -> Iterator[Sample]:
    return known_verdicts(status.observation.ike, IKE_FACTS)


def _transforms(status: EndpointStatus) -> Iterator[Sample]:
    """Only accepted ones: a series for each refused one would be seventy for each endpoint."""
    facts = status.observation.ike
    for kind, every in TRANSFORMS.items():
        for one in every:
            if one.fact in facts and facts[one.fact].verdict is Verdict.YES:
                yield (kind.name.lower(), one.name), 1.0


IKE_FAMILIES: Final = (
    Family(
        name="ike",
        fact="ike.{fact}",
        help="1 if this fact about the IKE responder is true, 0 if it is not.",
        example='tlsprobe_ike{fact="ikev1_main_mode"} == 1',
        labels=("fact",),
        samples=_facts,
    ),
    Family(
        name="ike_transform_accepted",
        fact="ike",
        help="1 if the IKE responder proved that it accepts this transform.",
        example='tlsprobe_ike_transform_accepted{type="encryption",transform="3des"}',
        labels=("type", "transform"),
        samples=_transforms,
    ),
)
