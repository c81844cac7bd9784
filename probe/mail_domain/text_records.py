"""TXT records of a mail domain: ``_mta-sts`` (RFC 8461, section 3.1) and ``_smtp._tls`` (RFC 8460, section 3).

Senders ignore records that do not begin with the version, and use none unless exactly one remains.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from model.frozen import frozen

_STS_VERSION: Final = b"v=STSv1;"
_REPORT_VERSION: Final = b"v=TLSRPTv1;"
_FIELD: Final = re.compile(
    rb"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,31})=(?P<value>[\x21-\x3a\x3c\x3e-\x7e]+)"
)
_RUA: Final = re.compile(rb"rua=(?P<value>[\x20-\x3a\x3c-\x7e]+)")
_ID: Final = re.compile(rb"[A-Za-z0-9]{1,32}")
_SCHEMES: Final = (b"mailto:", b"https:")
_MOST_FIELDS: Final = 64
_WSP: Final = b" \t"


class TextRecordError(Exception):
    """The records announce nothing that senders use; the message is one sentence.

    ``is_absent`` is whether there is no such record at all.
    """

    def __init__(self, message: str, *, is_absent: bool = False) -> None:
        super().__init__(message)
        self.is_absent = is_absent


@frozen
class ReportRecord:
    """Where senders report failures of TLS: ``mailto:`` and ``https:`` URIs."""

    rua: tuple[str, ...]


def sts_id(records: Sequence[bytes]) -> str:
    """The ``id`` of the MTA-STS policy that the TXT records of ``_mta-sts`` announce.

    Raises:
        TextRecordError: if they announce none.
    """
    for one in _fields(_only(records, _STS_VERSION)):
        found = _FIELD.fullmatch(one)
        if found is None:
            raise TextRecordError(f"The field {_shown(one)} of the record is not valid.")
        if found["name"] == b"id":
            if _ID.fullmatch(found["value"]) is None:
                raise TextRecordError("The id must have 1 to 32 letters and digits.")
            return found["value"].decode("ascii")
    raise TextRecordError("The record has no id.")


def report_record(records: Sequence[bytes]) -> ReportRecord:
    """What the TXT records of ``_smtp._tls`` announce.

    Raises:
        TextRecordError: if they announce nothing.
    """
    for one in _fields(_only(records, _REPORT_VERSION)):
        found = _RUA.fullmatch(one)
        if found is not None:
            uris = [uri.strip(_WSP) for uri in found["value"].split(b",")]
            wrong = [uri for uri in uris if not uri.lower().startswith(_SCHEMES)]
            if wrong:
                raise TextRecordError(f"{_shown(wrong[0])} is not a mailto: or https: URI.")
            return ReportRecord(rua=tuple(uri.decode("ascii") for uri in uris))
    raise TextRecordError("The record has no rua.")


def _only(records: Sequence[bytes], version: bytes) -> bytes:
    """What follows the version in the only record that begins with it."""
    found = [one.removeprefix(version) for one in records if one.startswith(version)]
    shown = version.decode("ascii")
    if not found:
        raise TextRecordError(f"No TXT record begins with {shown}", is_absent=not records)
    if len(found) > 1:
        raise TextRecordError(f"{len(found)} TXT records begin with {shown} instead of one.")
    return found[0]


def _fields(rest: bytes) -> list[bytes]:
    fields = [one.strip(_WSP) for one in rest.split(b";", _MOST_FIELDS)]
    if len(fields) > _MOST_FIELDS:
        raise TextRecordError(f"The record has more than {_MOST_FIELDS} fields.")
    return fields[:-1] if not fields[-1] else fields


def _shown(octets: bytes) -> str:
    return repr(octets[:60].decode("ascii", "backslashreplace"))
