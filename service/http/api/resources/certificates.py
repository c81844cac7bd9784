"""The leaf certificates that endpoints serve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from exporters.word_search import has_words
from model.certificates.inventory import Held
from model.encoding.times_json import time_to_json
from service.http.api import answers
from service.http.api.cursors import Place, place_of
from service.http.api.operation import ApiError, Call, Json, Operation, Reply
from service.http.api.parameters import ListParameters, Moment, Parameters, Text
from service.http.api.view import Views, counted_page


class CertificateParameters(ListParameters):
    """Filters of certificates."""

    q: Text | None = Field(
        None, description="only with every word in subject, issuer, names, serial number or hash"
    )
    expires_before: Moment | None = Field(None, description="only if it expires before this time")
    sort: Literal["not_after", "-not_after", "subject", "-subject"] = Field(
        "not_after", description="the order; a leading minus reverses it"
    )


class CertificateApi:
    """The handlers."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def every(self, call: Call[CertificateParameters, None]) -> Reply:
        """A page of certificates."""
        query, view = call.query, await self._views.get()
        place = _subject_place if query.sort.endswith("subject") else _expiry_place

        def found() -> Sequence[Held]:
            wanted = (one for one in view.certificates if _is_wanted(one, query))
            return sorted(wanted, key=place)

        shown = (answers.Certificate, _certificate_json)
        return Reply(value=await counted_page(found, place, query.sort, query, shown))

    async def one(self, call: Call[Parameters, None]) -> Reply:
        """One certificate."""
        view, sha256 = await self._views.get(), call.path("sha256")
        found = next((one for one in view.certificates if one.certificate.sha256 == sha256), None)
        if found is None:
            raise ApiError(
                404, f"no endpoint serves the certificate {sha256!r}: GET /api/v1/certificates"
            )
        return Reply(value=_certificate_json(found))


def _is_wanted(held: Held, query: CertificateParameters) -> bool:
    one = held.certificate
    texts = (one.subject, one.issuer, one.serial_number, one.sha256)
    if not has_words("\n".join((*filter(None, texts), *one.dns_names)).lower(), query.q):
        return False
    return query.expires_before is None or _ends_before(one.not_after, query.expires_before)


def _ends_before(not_after: datetime | None, moment: datetime) -> bool:
    return not_after is not None and not_after < moment


def _expiry_place(held: Held) -> Place:
    end = held.certificate.not_after
    return place_of(None if end is None else end.timestamp(), held.certificate.sha256)


def _subject_place(held: Held) -> Place:
    return place_of(held.certificate.subject, held.certificate.sha256)


def _certificate_json(held: Held) -> Json:
    one = held.certificate
    return {
        "sha256": one.sha256,
        "subject": one.subject,
        "issuer": one.issuer,
        "serial_number": one.serial_number,
        "dns_names": list(one.dns_names),
        "ip_addresses": list(one.ip_addresses),
        "not_before": time_to_json(one.not_before),
        "not_after": time_to_json(one.not_after),
        "key_type": one.key_type.value,
        "key_bits": one.key_bits,
        "public_key_sha256": one.public_key_sha256,
        "signature_algorithm": one.signature_algorithm,
        "endpoints": list(held.endpoints),
    }


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_certificates",
        tag="certificates",
        summary="The leaf certificates that endpoints serve now.",
        path="/certificates",
        handle=CertificateApi.every,
        query=CertificateParameters,
        answer=answers.Certificates,
    ),
    Operation(
        name="get_certificate",
        tag="certificates",
        summary="One leaf certificate, and where it is served.",
        path="/certificates/{sha256}",
        handle=CertificateApi.one,
        answer=answers.Certificate,
    ),
)
"""The operations of this module."""
