"""A small encoder of server messages, written from the RFCs and independent of the codec under test."""

from __future__ import annotations


def number(value: int, width: int) -> bytes:
    return value.to_bytes(width, "big")


def vector(content: bytes, width: int) -> bytes:
    return number(len(content), width) + content


def record(content_type: int, fragment: bytes, version: int = 0x0303) -> bytes:
    return number(content_type, 1) + number(version, 2) + vector(fragment, 2)


def message(message_type: int, body: bytes) -> bytes:
    return number(message_type, 1) + vector(body, 3)


def extensions(*items: tuple[int, bytes]) -> bytes:
    return vector(b"".join(number(code, 2) + vector(body, 2) for code, body in items), 2)


def server_hello(
    *,
    version: int = 0x0303,
    random: bytes = bytes(32),
    session_id: bytes = b"",
    cipher_suite: int = 0xC02F,
    block: bytes = b"",
) -> bytes:
    """The body: ``block`` is the extensions with their length, or empty."""
    return (
        number(version, 2)
        + random
        + vector(session_id, 1)
        + number(cipher_suite, 2)
        + b"\x00"
        + block
    )


def certificate(*chain: bytes) -> bytes:
    return vector(b"".join(vector(one, 3) for one in chain), 3)


def certificate_request(
    types: bytes, algorithms: tuple[int, ...] | None, names: tuple[bytes, ...]
) -> bytes:
    encoded = b"" if algorithms is None else vector(b"".join(number(a, 2) for a in algorithms), 2)
    return vector(types, 1) + encoded + vector(b"".join(vector(name, 2) for name in names), 2)


def ecdhe(group: int, point: bytes, signature: bytes = b"") -> bytes:
    return b"\x03" + number(group, 2) + vector(point, 1) + signature


def dhe(prime: bytes, generator: bytes, public: bytes, signature: bytes = b"") -> bytes:
    return vector(prime, 2) + vector(generator, 2) + vector(public, 2) + signature


def signature(scheme: int | None, content: bytes = b"signed") -> bytes:
    return (b"" if scheme is None else number(scheme, 2)) + vector(content, 2)
