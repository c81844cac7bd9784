"""Greetings of real services, as their RFCs and manuals print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.dialogue.before_tls.greetings import is_ssh, plaintext_service

GREETINGS = (
    (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
    (b"<!DOCTYPE HTML PUBLIC", "HTTP"),
    (b"220 mail.example ESMTP Postfix\r\n", "SMTP"),
    (b"220-mail.example Mail Service\r\n", "SMTP"),
    (b"220 (vsFTPd 3.0.3)\r\n", "FTP"),
    (b"220 ready\r\n", "SMTP or FTP"),
    (b"+OK POP3 ready\r\n", "POP3"),
    (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "IMAP"),
    (b"200 news.example ready\r\n", "NNTP"),
    (b":irc.example NOTICE * :*** Looking up\r\n", "IRC"),
    (b"<?xml version='1.0'?><stream:stream", "XMPP"),
    (b"-ERR unknown command\r\n", "Redis"),
    (b"\x4a\x00\x00\x00\x0a8.0.36\x00", "MySQL"),
    (b"E\x00\x00\x00\x8dSFATAL\x00", "PostgreSQL"),
)


@pytest.mark.parametrize(("received", "service"), GREETINGS)
def test_a_greeting_names_its_service(received: bytes, service: str) -> None:
    assert plaintext_service(received) == service


def test_ssh_is_not_plaintext() -> None:
    received = b"SSH-2.0-OpenSSH_9.2p1\r\n"
    assert (is_ssh(received), plaintext_service(received)) == (True, None)


@given(st.binary(max_size=600))
def test_any_bytes_are_accepted(received: bytes) -> None:
    assert plaintext_service(received) is None or received
