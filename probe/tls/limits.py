"""Limits on what is read of a peer's conversation: one constant for each kind of flood.

The codec refuses or cuts what exceeds a limit, and the answer reports it. Each limit is well above what real
servers send and low enough that reading up to it takes a small part of a second.
"""

from __future__ import annotations

from typing import Final

MAX_ANSWER_LENGTH: Final = 2**18
"""256 KiB: more than any honest flight; a flood is cut here."""

MAX_LONG_ANSWER_LENGTH: Final = 5 * 2**18
"""1.25 MiB: for the one answer of a visit that is read to get a chain too long for other answers."""

MAX_MESSAGE_LENGTH: Final = 2**18
"""Longer handshake messages are refused: 256 KiB hold any honest chain."""

MAX_UNCOMPRESSED_LENGTH: Final = 2**18
"""The longest Certificate that is unpacked from a CompressedCertificate (RFC 8879)."""

MAX_RECORDS: Final = 2**14
"""Records of one connection. A flight of 16 KiB in one-byte records still fits."""

MAX_IDLE_RECORDS: Final = 32
"""Records of one connection without content, and ChangeCipherSpecs. OpenSSL accepts as many in a row."""

MAX_WARNINGS: Final = 16
"""Warning alerts of one connection. OpenSSL accepts four in a row."""

MAX_HELLO_REQUESTS: Final = 8
"""HelloRequests of one handshake: a server may send them at any time (RFC 5246, section 7.4.1.1)."""

MAX_CERTIFICATES: Final = 33
"""Certificates of one chain that are read: one more than is stored, so that a surplus is detected."""

MAX_EXTENSIONS: Final = 256
"""Extensions of one block. A server answers the offered ones; IANA lists about 60 types."""

MAX_AUTHORITIES: Final = 4096
"""Names in one CertificateRequest: 64 KiB of honest names are fewer than a thousand."""

MAX_NAMES: Final = 128
"""Names in one ALPN or NPN list."""

MAX_CIPHER_KINDS: Final = 256
"""Cipher kinds in SSL 2.0's SERVER-HELLO: the draft defines seven."""

MAX_FLIGHT_MESSAGES: Final = 16
"""Messages of one DTLS flight: a server's first flight has at most six."""

MAX_FRAGMENTS: Final = 4096
"""Fragments of one DTLS flight: 256 KiB in pieces of 64 bytes."""

MAX_GAPS: Final = 64
"""Gaps in one DTLS message that wait for their fragments, if datagrams arrive out of order."""

MAX_DATAGRAMS: Final = 4096
"""Datagrams of one question, including empty ones."""

MAX_TURN_LENGTH: Final = 2**15
"""Bytes of one turn before TLS: more than any honest greeting or list of capabilities."""

MAX_CONVERSATION_LENGTH: Final = 2**18
"""Bytes of all turns before TLS."""

MAX_EVIDENCE_LENGTH: Final = 2**12
"""Bytes of each side of a conversation before TLS that its evidence stores; a longer one is marked as cut."""

MAX_TURNS: Final = 1000
"""Turns of one conversation before TLS: each line of IRC is one."""

MAX_CRYPTO_FRAMES: Final = 512
"""CRYPTO frames of one QUIC handshake: 128 KiB in pieces of 256 bytes."""

MAX_QUIC_PACKETS: Final = 64
"""Packets of one QUIC datagram, and packets of one question that wait for their keys."""

MAX_QUIC_DATAGRAMS: Final = 8
"""Datagrams that one QUIC question sends, without repeats."""

MAX_ECH_CONFIGS: Final = 64
"""Configurations in one ECHConfigList, and cipher suites and extensions in each: servers publish one or two."""
