"""Every error in a policy file is reported with its line and how to fix it; the rest becomes policies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from model.findings.finding import Severity
from model.protocol_version import ProtocolVersion
from policy import PolicyError, assess, load_policies
from tests.policy.observed import YES
from tests.service.samples import modern

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


def test_a_policy_inherits_what_it_extends_and_changes_single_fields(tmp_path: Path) -> None:
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
    assert waiver.last_day == date(2027, 1, 31), "people see the day that they wrote"


def test_an_identifier_is_accepted_wherever_a_rule_name_is(tmp_path: Path) -> None:
    by_name = write(tmp_path, FILE)
    by_identifier = write(
        tmp_path,
        FILE.replace("hsts:", "TP-HTTPS-002:")
        .replace("use: cipher_suites_forbidden", "use: TP-CIPHER-002")
        .replace("rule: protocol_versions", "rule: TP-TLS-001"),
        "identifiers.yml",
    )
    one, other = (load_policies([path], AT) for path in (by_name, by_identifier))
    assert one.policies[0].digest == other.policies[0].digest
    assert [waiver.rule for waiver in other.waivers] == ["TP-TLS-001"]


def test_an_identifier_switches_off_an_inherited_rule(tmp_path: Path) -> None:
    text = "policies: {web: {extends: mozilla-modern, rules: {TP-HTTPS-002: off}}}"
    (policy,) = load_policies([write(tmp_path, text)], AT).policies
    assert policy.rule("hsts") is None


def test_a_policy_may_have_its_own_text_for_a_rule(tmp_path: Path) -> None:
    text = """
policies:
  web:
    rules:
      no-old-tls:
        use: protocol_versions
        allowed: [TLSv1.2, TLSv1.3]
        requirement: Card terminals must use TLS 1.2
        violation: A terminal accepts old TLS
"""
    book = load_policies([write(tmp_path, text)], AT)
    old = replace(modern(), protocols={**modern().protocols, ProtocolVersion.TLSV1_0: YES})
    result = next(one for one in assess(old, book.policies, AT).results if one.rule == "no-old-tls")
    assert result.rule_id == "TP-TLS-001"
    assert result.requirement == "Card terminals must use TLS 1.2"
    assert result.violation == "A terminal accepts old TLS: TLS 1.0 accepted"


def test_a_policy_may_extend_one_of_another_file(tmp_path: Path) -> None:
    more = "policies: {secret: {extends: [sensitive], rules: {reachable: {severity: low}}}}"
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
            "line 8: hsts.max_age must be a whole number, not 'long'",
        ),
        (
            "hsts: {max_age: 86400}",
            "hst: {max_age: 86400}",
            "line 8: unknown rule 'hst': did you mean hsts? (or name the rule in `use`)",
        ),
        (
            "hsts: {max_age: 86400}",
            "hsts: {title: Long HSTS}",
            "line 8: title was renamed: use requirement",
        ),
        (
            "hsts: {max_age: 86400}",
            "dh_prime_size:",
            "line 8: dh_prime_size lacks 'minimum_bits': add it",
        ),
        (
            "hsts: {max_age: 86400}",
            "dh_prime_size: off",
            "line 8: 'dh_prime_size' is already off: remove this line",
        ),
        (
            "key_exchange: [RSA]",
            "suites: [TLS_RSA_WITH_AES_128_CBC_SHB]",
            (
                "line 9: static-rsa.suites.0 is wrong: 'TLS_RSA_WITH_AES_128_CBC_SHB' is not a valid cipher "
                "suite: did you mean TLS_RSA_WITH_AES_128_CBC_SHA?"
            ),
        ),
        (
            "key_exchange: [RSA]",
            "suites: [AES128-SHA]",
            (
                "line 9: static-rsa.suites.0 is wrong: 'AES128-SHA' is not a valid cipher suite: did you mean "
                "TLS_RSA_WITH_AES_128_CBC_SHA?"
            ),
        ),
        (
            "static-rsa: {use: cipher_suites_forbidden, key_exchange: [RSA]}",
            "groups: {allowed: [P-256]}",
            "line 9: groups.allowed.0 is wrong: 'P-256' is not a valid group: did you mean secp256r1?",
        ),
        (
            "static-rsa: {use: cipher_suites_forbidden, key_exchange: [RSA]}",
            "protocol_versions_required: {versions: [TLSv1.2]}",
            (
                "line 9: the rules contradict each other: protocol_versions and "
                "protocol_versions_required: TLSv1.2 is required but not allowed"
            ),
        ),
        (
            "extends: mozilla-modern",
            "extends: sensitive",
            "line 3: policies extend each other in a cycle (sensitive -> sensitive): remove one of these `extends`",
        ),
        (
            "extends: mozilla-modern",
            "extends: mozila-modern",
            "line 3: unknown policy or profile 'mozila-modern': did you mean mozilla-modern?",
        ),
        (
            "extends: mozilla-modern",
            "extend: mozilla-modern",
            "line 3: unknown key 'extend': did you mean extends?",
        ),
        (
            "  sensitive:\n",
            "  mozilla-modern:\n",
            "line 2: 'mozilla-modern' is already the name of a profile that comes with tlsprobe",
        ),
        (
            "  sensitive:\n",
            "  claims:\n",
            "line 2: 'claims' is the name under which what configurations declare is reported: use another name",
        ),
        (
            "expires: 2027-01-31",
            "expires: 2099-01-01",
            "line 15: a waiver must expire within two years: use an earlier date and renew it later",
        ),
        (
            "    expires: 2027-01-31\n",
            "",
            "line 11: waivers.terminals lacks 'expires': add it",
        ),
        (
            "rule: protocol_versions",
            "rule: protocol_version",
            "line 12: unknown rule 'protocol_version': did you mean protocol_versions?",
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
def test_a_fault_is_reported_with_its_line_and_the_fix(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in FILE
    with pytest.raises(PolicyError) as fault:
        load(tmp_path, FILE.replace(old, new))
    assert sentence in str(fault.value)
    assert str(fault.value).startswith(str(tmp_path / "policies.yml"))


@pytest.mark.parametrize(
    "rule", ["rule: TP-CLAIM-001", "rule: elb_security_policy\n    policy: claims"]
)
def test_a_waiver_may_be_for_claims(tmp_path: Path, rule: str) -> None:
    (waiver,) = load_policies(
        [write(tmp_path, FILE.replace("rule: protocol_versions", rule))], AT
    ).waivers
    assert rule.startswith(f"rule: {waiver.rule}")


def test_a_waiver_for_the_name_of_a_claim_must_name_the_policy_claims(tmp_path: Path) -> None:
    text = FILE.replace("rule: protocol_versions", "rule: elb_security_policy")
    with pytest.raises(PolicyError, match="for a claim add `policy: claims`"):
        load_policies([write(tmp_path, text)], AT)


def test_an_expired_waiver_is_reported_and_kept(tmp_path: Path) -> None:
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


def test_contradicting_policies_for_the_same_endpoint_are_reported(tmp_path: Path) -> None:
    book = load_policies([write(tmp_path, TWO % "data: sensitive")], AT)
    (remark,) = book.remarks
    assert remark.startswith(f"{tmp_path / 'policies.yml'}, line 5: the policies web and sensitive")
    assert "TLSv1.2 is required but not allowed" in remark


def test_policies_without_a_common_endpoint_may_contradict(tmp_path: Path) -> None:
    assert load_policies([write(tmp_path, TWO % "team: shop")], AT).remarks == ()


@pytest.mark.parametrize(
    "text",
    [
        "policies: &a {a: *a}",
        "policies: {a: &b {extends: [*b]}}",
        "policies: {a: {rules: &b {hsts: *b}}}",
        "policies: {a: {rules: {hsts: {max_age: .nan}}}}",
        "policies: {a: {rules: {certificate_expiry: {days: .inf}}}}",
        "policies: {'': {}}",
        "policies: [a]",
        "policies: 7",
        "waivers: {a: {rule: x, reason: r, owner: o, expires: 2026-13-45}}",
        "{",
        "policies: {a: {rules: {reachable: off}}}",
    ],
)
def test_any_file_content_ends_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(PolicyError) as fault:
        load(tmp_path, text)
    assert str(fault.value).startswith(str(tmp_path))
    assert "\n" not in str(fault.value)
