"""A policy that names a rule or one of its parameters as version 0.1 did is refused with the new name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from model.encoding.earlier_names import RULE_SETTINGS, RULES
from policy import PolicyError
from policy.files.load import load_policies

AT = datetime(2026, 11, 30, tzinfo=UTC)
PARAMETERS = {
    "but": "cipher_suites_forbidden: {key_exchange: [RSA], but: [TLS_RSA_WITH_AES_128_GCM_SHA256]}",
    "title": "hsts: {title: Long HSTS}",
    "to": "not_vulnerable: {to: [heartbleed]}",
}


def refusal(tmp_path: Path, rules: str, waiver: str = "") -> str:
    file = tmp_path / "policies.yml"
    file.write_text(f"policies:\n  web:\n    rules:\n      {rules}\n{waiver}")
    with pytest.raises(PolicyError) as caught:
        load_policies([file], AT)
    return str(caught.value).removeprefix(f"{tmp_path}/")


@pytest.mark.parametrize("earlier", RULES)
@pytest.mark.parametrize("rules", ["{}:", "{}: off", "mine: {{use: {}}}", "{}: {{use: hsts}}"])
def test_an_earlier_rule_is_refused(tmp_path: Path, rules: str, earlier: str) -> None:
    sentence = refusal(tmp_path, rules.format(earlier))
    assert sentence == f"policies.yml, line 4: {earlier} was renamed: use {RULES[earlier]}"


def test_every_earlier_parameter_is_tested() -> None:
    assert PARAMETERS.keys() == RULE_SETTINGS.keys()


@pytest.mark.parametrize("earlier", RULE_SETTINGS)
def test_an_earlier_parameter_is_refused(tmp_path: Path, earlier: str) -> None:
    sentence = refusal(tmp_path, PARAMETERS[earlier])
    assert sentence == f"policies.yml, line 4: {earlier} was renamed: use {RULE_SETTINGS[earlier]}"


def test_a_waiver_of_an_earlier_rule_is_refused(tmp_path: Path) -> None:
    waiver = "waivers: {w: {rule: reached, reason: moving, owner: me, expires: 2027-01-31}}\n"
    assert "reached was renamed: use reachable" in refusal(tmp_path, "hsts:", waiver)
