"""Flights: answers of real servers, each with its question and the server's configuration.

A file has lines of ``name: value``, an empty line, and the answer in hexadecimal. The values are the question
and the zoo's truth at the time of recording, never what our codec read in the answer. To write the files
again, run ``python -m tests.probe.tls.record_flights``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model.certificates.certificate import KeyType
from model.protocol_version import ProtocolVersion

FLIGHTS: Final = Path(__file__).with_name("flights")
_BYTES_PER_LINE = 48
_HANDSHAKE_RECORD = 22
_SERVER_HELLO, _SERVER_HELLO_DONE = 2, 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One suite, and at most one group, that a server was offered at one version.

    ``key_type`` is the kind of key with which the suite signs or encrypts, if any. With ``has_key_share`` a
    TLS 1.3 server can answer at once; without it, it must ask again. ``dh_prime_bits`` comes from its
    documentation or configuration.
    """

    server: str
    version: ProtocolVersion
    cipher_suite: str
    group: str | None = None
    key_type: KeyType | None = None
    has_key_share: bool = False
    dh_prime_bits: int | None = None
    psk_identity_hint: str | None = None

    @property
    def name(self) -> str:
        """A file's name without its suffix."""
        parts = (self.server, self.version.label, self.cipher_suite, self.group)
        return "_".join(part for part in (*parts, "share" * self.has_key_share) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """A question, the truth about its answer, and the received bytes.

    ``chain`` are SHA-256 hashes, leaf first. ``ca_names`` is None if the server requests no client
    certificate, or does so only under encryption.
    """

    question: Question
    software: str
    chain: tuple[str, ...]
    ca_names: tuple[str, ...] | None
    raw: bytes

    def to_text(self) -> str:
        """The file's text."""
        asked = self.question
        lines = {
            "server": asked.server,
            "software": self.software,
            "version": asked.version.label,
            "cipher_suite": asked.cipher_suite,
            "group": asked.group,
            "key_type": asked.key_type,
            "has_key_share": "yes" if asked.has_key_share else None,
            "dh_prime_bits": asked.dh_prime_bits,
            "psk_identity_hint": asked.psk_identity_hint,
            "chain": " ".join(self.chain) or None,
            "ca_names": None if self.ca_names is None else "; ".join(self.ca_names),
        }
        head = [f"{name}: {value}" for name, value in lines.items() if value is not None]
        starts = range(0, len(self.raw), _BYTES_PER_LINE)
        content = [self.raw[start : start + _BYTES_PER_LINE].hex() for start in starts]
        return "\n".join([*head, "", *content, ""])

    @classmethod
    def from_text(cls, text: str) -> RecordedAnswer:
        """The flight that ``to_text`` wrote."""
        head, content = text.split("\n\n")
        lines = dict(line.split(": ", 1) for line in head.splitlines())
        bits, names, kind = (lines.get(name) for name in ("dh_prime_bits", "ca_names", "key_type"))
        return cls(
            question=Question(
                server=lines["server"],
                version=ProtocolVersion.from_label(lines["version"]),
                cipher_suite=lines["cipher_suite"],
                group=lines.get("group"),
                key_type=None if kind is None else KeyType(kind),
                has_key_share="has_key_share" in lines,
                dh_prime_bits=None if bits is None else int(bits),
                psk_identity_hint=lines.get("psk_identity_hint"),
            ),
            software=lines["software"],
            chain=tuple(lines.get("chain", "").split()),
            ca_names=None if names is None else tuple(names.split("; ")),
            raw=bytes.fromhex(content),
        )

    @property
    def messages(self) -> tuple[tuple[int, bytes], ...]:
        """The handshake messages, each as its type and body."""
        return tuple(messages_in(self.raw))


def recorded_answers() -> tuple[RecordedAnswer, ...]:
    """Every recorded answer, by the name of its file."""
    return tuple(RecordedAnswer.from_text(file.read_text()) for file in flight_files())


def flight_files() -> list[Path]:
    """The files, by name."""
    return sorted(FLIGHTS.glob("*.hex"))


def first_records(stream: bytes, version: ProtocolVersion) -> bytes | None:
    """The records of a complete answer at that version, or None while it is incomplete."""
    last = _SERVER_HELLO if version is ProtocolVersion.TLSV1_3 else _SERVER_HELLO_DONE
    end = 0
    for _, fragment in whole_records(stream):
        end += 5 + len(fragment)
        if any(kind == last for kind, _ in messages_in(stream[:end])):
            return stream[:end]
    return None


def whole_records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Each complete record: its type and fragment.

    Read by RFC 5246, section 6.2.1, independently of the codec under test.
    """
    while len(stream) >= 5 and len(stream) >= (end := 5 + int.from_bytes(stream[3:5], "big")):
        yield stream[0], stream[5:end]
        stream = stream[end:]


def messages_in(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Each complete handshake message: its type and body."""
    joined = b"".join(
        fragment for kind, fragment in whole_records(stream) if kind == _HANDSHAKE_RECORD
    )
    while len(joined) >= 4 and len(joined) >= (end := 4 + int.from_bytes(joined[1:4], "big")):
        yield joined[0], joined[4:end]
        joined = joined[end:]
