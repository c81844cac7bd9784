"""Reports and metrics show what is known of an IKE responder."""

from __future__ import annotations

from datetime import UTC, datetime

from exporters.terminal.scan_report import render_report
from model.verdict import Fact, Verdict
from tests.exporters.test_inventory import series
from tests.policy.test_ike_rules import MODERN, OPEN, YES, ike_responder

NOW = datetime(2026, 12, 1, tzinfo=UTC)
FACTS = MODERN | {
    "ikev2": YES,
    "encryption_3des": YES,
    "prf_hmac_md5": OPEN,
    "ikev1_main_mode": Fact(
        verdict=Verdict.YES, value="3des, sha1, group 2, pre-shared key\x1b[31m[bold]"
    ),
    "vendor_ids": Fact(verdict=Verdict.YES, value="aabb,ccdd"),
}


def test_the_report_begins_with_the_problems_and_has_the_transforms() -> None:
    text = render_report(ike_responder(FACTS), NOW)
    lines = text.splitlines()
    assert lines[0].endswith(": IKE")
    for words in (
        "weak encryption is accepted: 3des",
        "IKEv1 answers in main mode, with 3des, sha1, group 2, pre-shared key",
        "aes_gcm_16_256",
        "hmac_sha2_384 1 unknown",
        "aabb ccdd",
        "post-quantum key exchange no",
    ):
        assert words in " ".join(text.split()), words
    assert "blowfish" not in text
    assert "\x1b" not in text


def test_metrics_have_the_known_facts_and_the_accepted_transforms_only() -> None:
    found = series(ike_responder(FACTS))
    facts = {dict(labels)["fact"]: value for labels, value in found["ike"].items()}
    assert facts == {"ikev1_main_mode": 1.0, "ikev2": 1.0, "post_quantum_key_exchange": 0.0}
    transforms = {
        (dict(labels)["type"], dict(labels)["transform"])
        for labels in found["ike_transform_accepted"]
    }
    assert transforms == {
        ("encryption", "aes_gcm_16_256"),
        ("encryption", "3des"),
        ("prf", "hmac_sha2_384"),
        ("key_exchange", "ecp_384"),
    }
