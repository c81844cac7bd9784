"""Bills of materials, as cyclonedx-python-lib writes them, and what a visit says of their claims."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cyclonedx.model import XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.crypto import (
    AlgorithmProperties,
    CertificateProperties,
    CryptoAssetType,
    CryptoProperties,
    ProtocolProperties,
    ProtocolPropertiesCipherSuite,
    ProtocolPropertiesType,
)
from cyclonedx.model.service import Service
from cyclonedx.output.json import JsonV1Dot6, JsonV1Dot7
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from discovery.attach import attached
from discovery.bills.source import read_bills
from discovery.source import SourceReading
from model.claims import Claim, ClaimVerdict
from model.observation import Observation
from policy.assess import held_claims
from policy.claims import check_claim
from tests.policy.observed import AT

MADE_AT: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)


def asset(name: str, properties: CryptoProperties) -> Component:
    return Component(
        name=name,
        bom_ref=name,
        type=ComponentType.CRYPTOGRAPHIC_ASSET,
        crypto_properties=properties,
    )


def protocol(
    version: str,
    suites: Iterable[str] = (),
    kind: ProtocolPropertiesType = ProtocolPropertiesType.TLS,
    uses: Iterable[Component] = (),
) -> Component:
    """A protocol asset, as cyclonedx-python-lib models it: without groups."""
    return asset(
        f"{kind.value}@{version}",
        CryptoProperties(
            asset_type=CryptoAssetType.PROTOCOL,
            protocol_properties=ProtocolProperties(
                type=kind,
                version=version,
                cipher_suites=[ProtocolPropertiesCipherSuite(name=name) for name in suites],
                crypto_refs=[one.bom_ref for one in uses],
            ),
        ),
    )


def ends_at(end: datetime) -> Component:
    """A certificate of which the bill has the end only, as before CycloneDX 1.7."""
    return asset(
        f"certificate until {end}",
        CryptoProperties(
            asset_type=CryptoAssetType.CERTIFICATE,
            certificate_properties=CertificateProperties(
                subject_name="CN=www.example.com", not_valid_after=end
            ),
        ),
    )


def algorithm(name: str) -> Component:
    return asset(
        name,
        CryptoProperties(
            asset_type=CryptoAssetType.ALGORITHM, algorithm_properties=AlgorithmProperties()
        ),
    )


def written(
    used: Iterable[Component],
    *endpoints: str,
    more: Iterable[Component] = (),
    version: SchemaVersion = SchemaVersion.V1_6,
) -> str:
    """A bill with one service, as the library writes it and its strict validator accepts it."""
    used = tuple(used)
    bom = Bom(components=[*used, *more])
    service = Service(name="web", bom_ref="web", endpoints=[XsUri(one) for one in endpoints])
    bom.services.add(service)
    bom.metadata.timestamp = MADE_AT
    bom.register_dependency(service, used)
    output = {SchemaVersion.V1_6: JsonV1Dot6, SchemaVersion.V1_7: JsonV1Dot7}[version]
    text = output(bom).output_as_string()
    assert JsonStrictValidator(version).validate_str(text) is None
    return text


async def reading_of(tmp_path: Path, *bills: str) -> SourceReading:
    paths = []
    for number, text in enumerate(bills):
        paths.append(tmp_path / f"bill-{number}.json")
        paths[-1].write_text(text)
    return await read_bills(paths, "bills")


async def held(
    tmp_path: Path, text: str, seen: Observation
) -> dict[str, tuple[ClaimVerdict, Claim]]:
    """The claims that the bill makes about the endpoint of ``seen``, as that visit shows them."""
    reading = await reading_of(tmp_path, text)
    found = await attached([seen.endpoint.target], reading.resource_claims)
    (target,) = found.targets
    for one in target.claims:
        check_claim(one)
    about = replace(seen, endpoint=replace(seen.endpoint, target=target))
    return {one.claim.name: (one.verdict, one.claim) for one in held_claims(about, AT)}
