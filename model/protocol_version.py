"""The SSL and TLS protocol versions by their code points on the wire.

Source: RFC 6101 (SSL 3.0), RFC 2246, 4346, 5246 and RFC 9846 (TLS 1.0 to 1.3);
SSL 2.0 by its 1995 draft; RFC 4347 and RFC 6347 (DTLS 1.0 and 1.2).
"""

from __future__ import annotations

from enum import IntEnum


class ProtocolVersion(IntEnum):
    """A protocol version; the value is the two-byte code point."""

    SSLV2 = 0x0002
    SSLV3 = 0x0300
    TLSV1_0 = 0x0301
    TLSV1_1 = 0x0302
    TLSV1_2 = 0x0303
    TLSV1_3 = 0x0304
    DTLSV1_0 = 0xFEFF
    DTLSV1_2 = 0xFEFD

    @property
    def label(self) -> str:
        """The spelling used in JSON, metrics and reports, such as ``TLSv1.2``."""
        return _LABELS[self]

    @property
    def display_name(self) -> str:
        """The spelling in sentences for people, such as ``TLS 1.2``."""
        return _DISPLAY_NAMES[self]

    @property
    def over_datagrams(self) -> ProtocolVersion | None:
        """The DTLS version that is based on this one; None if there is none."""
        return _OVER_DATAGRAMS.get(self)

    @classmethod
    def from_label(cls, label: str) -> ProtocolVersion:
        """The version with the label ``label``.

        Raises:
            ValueError: if no version has this label.
        """
        if (version := _BY_LABEL.get(label)) is not None:
            return version
        raise ValueError(f"unknown protocol version {label!r}")


_LABELS = {
    ProtocolVersion.SSLV2: "SSLv2",
    ProtocolVersion.SSLV3: "SSLv3",
    ProtocolVersion.TLSV1_0: "TLSv1.0",
    ProtocolVersion.TLSV1_1: "TLSv1.1",
    ProtocolVersion.TLSV1_2: "TLSv1.2",
    ProtocolVersion.TLSV1_3: "TLSv1.3",
    ProtocolVersion.DTLSV1_0: "DTLSv1.0",
    ProtocolVersion.DTLSV1_2: "DTLSv1.2",
}

_DISPLAY_NAMES = {
    ProtocolVersion.SSLV2: "SSL 2.0",
    ProtocolVersion.SSLV3: "SSL 3.0",
    ProtocolVersion.TLSV1_0: "TLS 1.0",
    ProtocolVersion.TLSV1_1: "TLS 1.1",
    ProtocolVersion.TLSV1_2: "TLS 1.2",
    ProtocolVersion.TLSV1_3: "TLS 1.3",
    ProtocolVersion.DTLSV1_0: "DTLS 1.0",
    ProtocolVersion.DTLSV1_2: "DTLS 1.2",
}

_BY_LABEL = {label: version for version, label in _LABELS.items()}

_OVER_DATAGRAMS = {
    ProtocolVersion.TLSV1_1: ProtocolVersion.DTLSV1_0,
    ProtocolVersion.TLSV1_2: ProtocolVersion.DTLSV1_2,
}

STREAM_VERSIONS = tuple(
    version for version in ProtocolVersion if version <= ProtocolVersion.TLSV1_3
)
"""The versions that run over TCP, oldest first."""
