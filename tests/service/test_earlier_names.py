"""What a user wrote with an earlier name is refused with one sentence that gives the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.encoding.earlier_names import COMMANDS, EVENT_KINDS, OPTIONS, SETTING_VALUES, SETTINGS
from policy.files.yaml_file import ConfigError
from service.config.load import load_settings
from tests.service.processes import tlsprobe

HOOK = "type: webhook, url: 'https://hook.example/'"
WRITTEN = {
    "closed": "closed: ['09:00-17:00']",
    "visits_at_once": "visits_at_once: 8",
    "visits_per_job": "workers: {visits_per_job: 5}",
    "dead_after_seconds": "workers: {dead_after_seconds: 30}",
    "most_series_per_endpoint": "metrics: {most_series_per_endpoint: 50}",
    "at_once": "on_demand: {at_once: 4}",
    "shows_client_identity": "on_demand: {modules: {m: {shows_client_identity: true}}}",
    "refuses": "on_demand: {modules: {m: {expect: {refuses: [TLSv1.0]}}}}",
    "keep_failed_seconds": "discovery: [{type: docker, keep_failed_seconds: 9}]",
    "trusts_labels": "discovery: [{type: docker, trusts_labels: true}]",
    "hosts": "http: {hosts: [probe.example]}",
    "wait_seconds": f"notifications: {{ops: {{{HOOK}, wait_seconds: 5}}}}",
    "with_unknown": f"notifications: {{ops: {{{HOOK}, with_unknown: true}}}}",
}
"""Each earlier name of a setting where version 0.1 had it."""

VALUES = {
    "seen_names": "discovery: [{type: seen_names, networks: [192.0.2.0/24]}]",
    "withdrawn": f"notifications: {{ops: {{{HOOK}, events: [withdrawn]}}}}",
}


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "tlsprobe.yml"
    file.write_text(f"{text}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    return str(caught.value)


def test_every_earlier_name_is_tested() -> None:
    assert WRITTEN.keys() == SETTINGS.keys()
    assert VALUES.keys() == SETTING_VALUES.keys()


@pytest.mark.parametrize("earlier", SETTINGS)
def test_an_earlier_setting_is_refused(tmp_path: Path, earlier: str) -> None:
    sentence = refusal(tmp_path, WRITTEN[earlier])
    place, _, fix = sentence.removeprefix(f"{tmp_path}/").partition(" was renamed: use ")
    assert place.startswith("tlsprobe.yml, line 1: ")
    assert place.endswith(earlier)
    section = place.removeprefix("tlsprobe.yml, line 1: ").removesuffix(earlier)
    assert fix == f"{section}{SETTINGS[earlier]}"


@pytest.mark.parametrize("earlier", SETTING_VALUES)
def test_an_earlier_value_is_refused(tmp_path: Path, earlier: str) -> None:
    sentence = refusal(tmp_path, VALUES[earlier])
    assert sentence.endswith(f": {earlier} was renamed: use {SETTING_VALUES[earlier]}")


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("TLSPROBE_CLOSED", '["09:00-17:00"]', "closed was renamed: use maintenance_windows"),
        ("tlsprobe_visits_at_once", "8", "visits_at_once was renamed: use max_concurrent_probes"),
        ("TLSPROBE_HTTP__HOSTS", '["a"]', "http.hosts was renamed: use http.allowed_hosts"),
    ],
)
def test_an_earlier_environment_variable_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        load_settings(None)
    assert str(caught.value) == f"the environment variable {variable}: {problem}"


def test_an_earlier_name_in_another_section_is_only_unknown(tmp_path: Path) -> None:
    assert "unknown setting 'hosts'" in refusal(tmp_path, "hosts: [a.example]")


@pytest.mark.parametrize("earlier", OPTIONS)
def test_an_earlier_option_is_refused(earlier: str) -> None:
    done = tlsprobe("db", "vacuum", earlier)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{earlier} was renamed: use {OPTIONS[earlier]}" in done.stderr


@pytest.mark.parametrize("earlier", COMMANDS)
def test_an_earlier_command_is_refused(earlier: str) -> None:
    done = tlsprobe(*earlier.split(), "tests.yml")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{earlier} was renamed: use {COMMANDS[earlier]}" in done.stderr


def test_a_host_for_policy_test_is_refused_with_the_command_that_takes_one() -> None:
    done = tlsprobe("policy", "test", "mozilla-modern", "a.example")
    assert done.returncode == 2
    assert "use policy evaluate NAME HOST" in done.stderr


@pytest.mark.parametrize("earlier", EVENT_KINDS)
def test_an_earlier_kind_of_event_is_refused(tmp_path: Path, earlier: str) -> None:
    database = f"sqlite:///{tmp_path / 'store.db'}"
    done = tlsprobe("events", "--kind", earlier, "--database", database)
    assert done.returncode == 2
    assert f"{earlier} was renamed: use {EVENT_KINDS[earlier]}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("policy", "explain", "reached"), "reached was renamed: use reachable"),
        (
            ("explain", "127.0.0.1", "answers_in_clear"),
            "answers_in_clear was renamed: use answers_in_plaintext",
        ),
    ],
)
def test_an_earlier_rule_or_fact_is_refused(arguments: tuple[str, ...], problem: str) -> None:
    done = tlsprobe(*arguments)
    assert done.returncode == 2
    assert problem in done.stderr
