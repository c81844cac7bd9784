"""Whatever is wrong with a policy file is told with its line and the mend; the rest becomes policies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from model.findings.finding import Severity
from policy import PolicyError, load_policies

AT = datetime(2026, 11, 25, tzinfo=UTC)

FILE = """\
policies:
  sensitive:
    extends: mozilla-modern
    for:
      labels: {data: sensitive}
    rules:
      client_certificate_required: {severity: critical}
      hsts: {max_age: 86400}
      static-rsa: {use: cipher_suites_forbidden, key_exchange: [RSA]}
waivers:
  terminals:
    rule: protocol_versions
    reason: Terminals until they are replaced.
    owner: pay@example
    expires: 2027-01-31
"""


def load(path: Path, text: str) -> None:
    load_policies([write(path, text)], AT)


def write(folder: Path, text: str, name: str = "policies.yml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_policy_takes_over_what_it_extends_and_changes_single_fields(tmp_path: Path) -> None:
    (policy,) = load_policies([write(tmp_path, FILE)], AT).policies
    names = {rule.name: rule for rule in policy.rules}
    assert {"cipher_suites", "client_certificate_required", "static-rsa"} <= names.keys()
    assert names["client_certificate_required"].severity is Severity.CRITICAL
    assert names["hsts"].source.endswith("hsts_min_age, as changed by the policy sensitive")
    assert names["static-rsa"].source == "the policy sensitive"
    assert policy.choice.labels == {"data": ("sensitive",)}


def test_a_waiver_lasts_to_the_end_of_its_day(tmp_path: Path) -> None:
    (waiver,) = load_policies([write(tmp_path, FILE)], AT).waivers
    assert waiver.expires_at == datetime(2027, 2, 1, tzinfo=UTC)


def test_a_policy_may_extend_one_of_another_file(tmp_path: Path) -> None:
    more = "policies: {secret: {extends: [sensitive], rules: {reached: {severity: low}}}}"
    files = [write(tmp_path, FILE), write(tmp_path, more, "more.yml")]
    sensitive, secret = load_policies(files, AT).policies
    assert {rule.name for rule in secret.rules} == {rule.name for rule in sensitive.rules}
    assert secret.digest != sensitive.digest


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "hsts: {max_age: 86400}",
            "hsts: {max_ag: 3}",
            "line 8: hsts has no parameter 'max_ag': did you mean max_age?",
        ),
        (
            "hsts: {max_age: 86400}",
            "hsts: {max_age: long}",
            (
                "line 8: hsts.max_age must be a valid integer, unable to parse string as an integer, "
                "not 'long'"
            ),
        ),
        (
            "hsts: {max_age: 86400}",
            "hst: {max_age: 86400}",
            "line 8: there is no rule 'hst': did you mean hsts?, or say which it is by `use`",
        ),
        (
            "hsts: {max_age: 86400}",
            "dh_prime_size:",
            "line 8: dh_prime_size lacks 'minimum_bits': add it",
        ),
        (
            "hsts: {max_age: 86400}",
            "dh_prime_size: off",
            "line 8: 'dh_prime_size' is off already: remove this line",
        ),
        (
            "key_exchange: [RSA]",
            "suites: [TLS_RSA_WITH_AES_128_CBC_SHB]",
            (
                "line 9: static-rsa.suites.0 is wrong: 'TLS_RSA_WITH_AES_128_CBC_SHB' is no cipher "
                "suite: did you mean TLS_RSA_WITH_AES_128_CBC_SHA?"
            ),
        ),
        (
            "key_exchange: [RSA]",
            "suites: [AES128-SHA]",
            (
                "line 9: static-rsa.suites.0 is wrong: 'AES128-SHA' is no cipher suite: did you mean "
                "TLS_RSA_WITH_AES_128_CBC_SHA?"
            ),
        ),
        (
            "static-rsa: {use: cipher_suites_forbidden, key_exchange: [RSA]}",
            "groups: {allowed: [P-256]}",
            "line 9: groups.allowed.0 is wrong: 'P-256' is no group: did you mean secp256r1?",
        ),
        (
            "static-rsa: {use: cipher_suites_forbidden, key_exchange: [RSA]}",
            "protocol_versions_required: {versions: [TLSv1.2]}",
            (
                "line 9: the rules contradict each other: protocol_versions and "
                "protocol_versions_required: TLSv1.2 is required, and not allowed"
            ),
        ),
        (
            "extends: mozilla-modern",
            "extends: sensitive",
            "line 3: policies extend each other in a ring (sensitive -> sensitive): break it",
        ),
        (
            "extends: mozilla-modern",
            "extends: mozila-modern",
            "line 3: there is no policy or profile 'mozila-modern': did you mean mozilla-modern?",
        ),
        (
            "extends: mozilla-modern",
            "extend: mozilla-modern",
            "line 3: 'extend' may not stand here: did you mean extends?",
        ),
        (
            "  sensitive:\n",
            "  mozilla-modern:\n",
            "line 2: 'mozilla-modern' is a profile that comes with tlsprobe already",
        ),
        (
            "expires: 2027-01-31",
            "expires: 2099-01-01",
            "line 15: a waiver may not be for ever: let it expire within two years, and renew it",
        ),
        (
            "    expires: 2027-01-31\n",
            "",
            "line 11: waivers.terminals lacks 'expires': add it",
        ),
        (
            "rule: protocol_versions",
            "rule: protocol_version",
            "line 12: there is no rule 'protocol_version': did you mean protocol_versions?",
        ),
        (
            "severity: critical",
            "severity: dreadful",
            (
                "line 7: client_certificate_required.severity must be 'info', 'low', 'medium', 'high' "
                "or 'critical', not 'dreadful'"
            ),
        ),
    ],
)
def test_a_fault_is_told_with_its_line_and_the_mend(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in FILE
    with pytest.raises(PolicyError) as fault:
        load(tmp_path, FILE.replace(old, new))
    assert sentence in str(fault.value)
    assert str(fault.value).startswith(str(tmp_path / "policies.yml"))


def test_an_expired_waiver_is_remarked_and_kept(tmp_path: Path) -> None:
    book = load_policies([write(tmp_path, FILE.replace("2027-01-31", "2026-01-31"))], AT)
    (remark,) = book.remarks
    assert "line 15: the waiver 'terminals' expired on 2026-01-31" in remark
    assert [waiver.name for waiver in book.waivers] == ["terminals"]


TWO = """\
policies:
  web:
    extends: mozilla-intermediate
    for: {labels: {team: web}}
  sensitive:
    extends: mozilla-modern
    for: {labels: {%s}}
"""


def test_policies_that_contradict_where_both_hold_are_remarked(tmp_path: Path) -> None:
    book = load_policies([write(tmp_path, TWO % "data: sensitive")], AT)
    (remark,) = book.remarks
    assert remark.startswith(f"{tmp_path / 'policies.yml'}, line 5: the policies web and sensitive")
    assert "TLSv1.2 is required, and not allowed" in remark


def test_policies_that_no_endpoint_has_both_of_may_contradict(tmp_path: Path) -> None:
    assert load_policies([write(tmp_path, TWO % "team: shop")], AT).remarks == ()


@pytest.mark.parametrize(
    "text",
    [
        "policies: &a {a: *a}",
        "policies: {a: &b {extends: [*b]}}",
        "policies: {a: {rules: &b {hsts: *b}}}",
        "policies: {a: {rules: {hsts: {max_age: .nan}}}}",
        "policies: {a: {rules: {certificate_time_left: {days: .inf}}}}",
        "policies: {'': {}}",
        "policies: [a]",
        "policies: 7",
        "waivers: {a: {rule: x, reason: r, owner: o, expires: 2026-13-45}}",
        "{",
        "policies: {a: {rules: {reached: off}}}",
    ],
)
def test_whatever_stands_in_a_file_ends_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(PolicyError) as fault:
        load(tmp_path, text)
    assert str(fault.value).startswith(str(tmp_path))
    assert "\n" not in str(fault.value)
