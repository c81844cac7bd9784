"""Reports and metrics show what is known of an SSH server."""

from __future__ import annotations

from datetime import UTC, datetime

from exporters.terminal.scan_report import render_report
from model.verdict import Fact, Verdict
from tests.exporters.test_inventory import series
from tests.policy.test_ssh_rules import NO, OPEN, ssh_server, yes

NOW = datetime(2026, 12, 1, tzinfo=UTC)
FACTS = {
    "identification": yes("SSH-2.0-OpenSSH_9.2p1"),
    "terrapin": yes("chacha20-poly1305@openssh.com"),
    "version_1": NO,
    "post_quantum_key_exchange": OPEN,
    "host_key_rsa": yes("1024 SHA256:abc"),
    "host_key_dsa": NO,
    "host_key_ed25519_certificate": yes("256 SHA256:def for ssh.example, CA SHA256:ghi"),
    "host_key_ed25519_certificate_ends": yes("2020-01-02T03:04:05Z"),
}


def test_the_report_begins_with_the_problems_and_has_keys_and_lists() -> None:
    text = render_report(ssh_server(FACTS), NOW)
    lines = text.splitlines()
    assert lines[0].endswith(": SSH")
    for words in (
        "vulnerable to Terrapin (CVE-2023-48795)",
        "the RSA host key has 1024 bits",
        "broken algorithms are offered: 3des-cbc",
        "the host certificate of the ed25519 key expired on 2020-01-02",
        "SSH-2.0-OpenSSH_9.2p1",
        "rsa 1024 SHA256:abc",
        "sntrup761x25519-sha512",
    ):
        assert words in " ".join(text.split()), words
    assert "dsa" not in text


def test_text_from_the_server_is_not_markup_and_has_no_control_characters() -> None:
    hostile = Fact(verdict=Verdict.YES, value="SSH-2.0-\x1b[31m[bold]x")
    text = render_report(ssh_server({"identification": hostile}), NOW)
    assert "\x1b" not in text
    assert "[bold]x" in text


def test_metrics_have_the_known_facts_only() -> None:
    found = series(ssh_server(FACTS))
    facts = {dict(labels)["fact"]: value for labels, value in found["ssh"].items()}
    assert facts == {"terrapin": 1.0, "version_1": 0.0}
    (end,) = found["ssh_host_certificate_not_after_timestamp_seconds"].values()
    assert end == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
    sizes = {
        dict(labels)["host_key"]: value for labels, value in found["ssh_host_key_size_bits"].items()
    }
    assert sizes == {"rsa": 1024.0, "ed25519_certificate": 256.0}
