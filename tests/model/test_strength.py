"""The strength classes of the table follow the rules, and docs/explanation/strength.md lists all rules.

The rules are implemented here again, from the classification and not from the table.
"""

from __future__ import annotations

import re
from pathlib import Path

from model.registry import CIPHER_SUITES, Strength, strength_by_name
from model.registry.table import read_table

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "strength.md"
ROW = re.compile(r"^\| `(?P<rule>[A-Z][0-9][^`]*)` \| `(?P<strength>[a-z]+)` \|", re.MULTILINE)

RULES = (
    ("S0", lambda suite: not suite["encryption"]),
    ("I2-null-encryption", lambda suite: suite["encryption"] == "NULL"),
    ("I3-anonymous", lambda suite: suite["authentication"] in ("anon", "NULL")),
    ("I4-export", lambda suite: suite["export"] == "True"),
    ("I5-broken-cipher", lambda suite: suite["encryption"] in ("RC4", "RC2", "DES")),
    ("I6-md5-mac", lambda suite: suite["mac"] == "MD5"),
    (
        "W1-64-bit-block",
        lambda suite: suite["encryption"] in ("3DES", "IDEA", "GOST28147", "MAGMA"),
    ),
    ("W2-rsa-key-transport", lambda suite: suite["key_exchange"] == "RSA"),
    ("W3-static-dh", lambda suite: suite["key_exchange"] in ("DH", "ECDH")),
    (
        "W4-obsolete-auth",
        lambda suite: {"KRB5", "SRP", "DSS"} & {suite["key_exchange"], suite["authentication"]},
    ),
    ("W5-ffdhe-tls12-rfc10015", lambda suite: suite["key_exchange"] == "DHE"),
    ("W6-no-forward-secrecy", lambda suite: suite["forward_secrecy"] != "True"),
    ("L1-cbc-or-non-aead", lambda suite: suite["aead"] != "True"),
    ("L2-short-tag", lambda suite: suite["mode"] == "CCM_8"),
    (
        "L3-uncommon-cipher",
        lambda suite: (
            suite["encryption"] in ("CAMELLIA", "ARIA", "SEED", "SM4", "KUZNYECHIK")
            and suite["recommended"] != "Y"
        ),
    ),
    ("L4-withdrawn-experiment", lambda suite: suite["key_exchange"] == "CECPQ1"),
    ("L4-withdrawn-draft", lambda suite: suite["registry"] == "non-iana"),
    ("R1", lambda suite: suite["recommended"] == "Y"),
    ("A1-aead-fs-not-iana-recommended", lambda suite: suite["recommended"] == "N"),
)


def test_the_first_matching_rule_is_the_one_in_the_table() -> None:
    expected = {
        suite["code_point"]: next(rule for rule, fits in RULES if fits(suite))
        for suite in read_table("cipher_suites")
    }
    found = {suite["code_point"]: suite["strength_rule"] for suite in read_table("cipher_suites")}
    assert found == expected


def test_the_page_lists_every_rule_of_the_table_in_order_and_no_other() -> None:
    described = [row["rule"] for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))]
    assert described == [rule for rule, _ in RULES]
    assert set(described) == {suite["strength_rule"] for suite in read_table("cipher_suites")}


def test_the_page_gives_each_rule_the_class_that_its_suites_have() -> None:
    described = {
        (row["rule"], row["strength"]) for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))
    }
    found = {(suite["strength_rule"], suite["strength"]) for suite in read_table("cipher_suites")}
    assert described == found


def test_every_suite_under_112_bits_or_discouraged_has_a_weak_rule() -> None:
    graded = {
        suite["name"]: suite
        for suite in read_table("cipher_suites")
        if suite["strength_rule"][0] in "LRA"
    }
    assert [name for name, suite in graded.items() if suite["recommended"] == "D"] == []
    assert [name for name, suite in graded.items() if int(suite["encryption_bits"]) < 112] == []


def test_every_cipher_kind_of_sslv2_is_insecure() -> None:
    assert {kind["strength"] for kind in read_table("sslv2_cipher_kinds")} == {"insecure"}


def test_a_strength_is_found_by_name_for_suites_and_kinds() -> None:
    names = ("TLS_AES_128_GCM_SHA256", "SSL_CK_DES_192_EDE3_CBC_WITH_MD5", "0xABCD")
    assert [strength_by_name(name) for name in names] == [
        Strength.RECOMMENDED,
        Strength.INSECURE,
        None,
    ]


def test_the_comparison_with_others_has_the_classes_of_the_table() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## Where others differ")[1]
    compared = re.findall(r"^\| `(TLS_[A-Z0-9_]+)` \| `([a-z]+)` \|", section, re.MULTILINE)
    assert len(compared) == 10
    assert [(name, strength_by_name(name)) for name, _ in compared] == [
        (name, Strength(strength)) for name, strength in compared
    ]


def test_every_suite_not_better_than_legacy_has_a_reason() -> None:
    for suite in CIPHER_SUITES:
        is_good = suite.strength in (Strength.SECURE, Strength.RECOMMENDED)
        assert bool(suite.weakness) is not is_good, suite.name
        if not is_good and not suite.forward_secrecy:
            assert "no forward secrecy" in suite.weakness, suite.name
