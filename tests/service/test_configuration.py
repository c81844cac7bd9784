from __future__ import annotations

import os
from pathlib import Path

import pytest

from model.intrusiveness import Intrusiveness
from model.version import TOOL_VERSION
from pki.net_guard.gate import SocketGate
from policy.files.yaml_file import ConfigError
from probe.checks.part import Part
from probe.visit.settings import ProbeSettings
from service.config.load import load_settings
from service.config.unknown_variables import unknown_variables
from service.setting_types.values import split_listen
from tests.zoo.certificates import Certificates


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TLSPROBE_")]:
        monkeypatch.delenv(name)


def write(text: str) -> Path:
    path = Path("tlsprobe.yml")
    path.write_text(text, encoding="utf-8")
    return path


def problem_of(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(write(text))
    return str(caught.value)


def test_the_engine_has_its_own_defaults_without_a_file() -> None:
    """A service asks less than a scan by hand, and more slowly."""
    settings = load_settings(None)
    assert settings.probe_settings == ProbeSettings(
        intrusiveness=Intrusiveness.STANDARD,
        connections_per_address_per_second=20,
        gate=SocketGate(guards_reserved=True),
    )
    assert ProbeSettings().intrusiveness is Intrusiveness.FULL
    assert settings.listen == "127.0.0.1:9844"


def test_every_setting_is_read_from_the_file(certificates: Certificates) -> None:
    settings = load_settings(
        write(
            f"""
            listen: "[::1]:9900"
            database: sqlite:////var/lib/tlsprobe/tlsprobe.db
            targets_files: [a.yml, b.json]
            interval_seconds: 600
            max_concurrent_probes: 8
            probe:
              deadline_seconds: 20
              connect_timeout_seconds: 2
              answer_timeout_seconds: 3
              connections_per_address: 2
              connections_per_address_per_second: 7
              intrusiveness: safe
              connections_open: 50
              connections_per_second: 25
              checks: [versions, suites]
            trust_stores:
              mozilla: null
              internal: {certificates.root_file}
            contact: https://scans.example
            log_format: json
            log_level: debug
            """
        )
    )
    assert settings.probe_settings == ProbeSettings(
        deadline_seconds=20,
        connect_timeout_seconds=2,
        answer_timeout_seconds=3,
        connections_per_address=2,
        connections_per_address_per_second=7,
        gate=SocketGate(guards_reserved=True),
        intrusiveness=Intrusiveness.SAFE,
        user_agent=f"tlsprobe/{TOOL_VERSION} (+https://scans.example)",
        connections_open=50,
        connections_per_second=25,
        parts=frozenset({Part.VERSIONS, Part.SUITES}),
        trust_stores={"mozilla": None, "internal": certificates.root_file},
    )
    assert settings.targets_files == (Path("a.yml"), Path("b.json"))
    assert (settings.interval_seconds, settings.max_concurrent_probes) == (600, 8)
    assert (settings.listen, settings.log_format, settings.log_level) == (
        "[::1]:9900",
        "json",
        "debug",
    )


def test_the_command_line_overrides_the_environment_which_overrides_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = write("listen: 127.0.0.1:1\ninterval_seconds: 1\nprobe: {connections_open: 1}\n")
    monkeypatch.setenv("TLSPROBE_LISTEN", "127.0.0.1:2")
    monkeypatch.setenv("TLSPROBE_PROBE__CONNECTIONS_OPEN", "2")
    settings = load_settings(file, listen="127.0.0.1:3")
    assert (settings.listen, settings.interval_seconds) == ("127.0.0.1:3", 1)
    assert settings.probe.connections_open == 2


def test_the_environment_may_name_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLSPROBE_CONFIG_FILE", str(write("listen: 127.0.0.1:1\n")))
    assert load_settings(None).listen == "127.0.0.1:1"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "\nprobe:\n  deadline_seconds: -1\n",
            "tlsprobe.yml, line 3: probe.deadline_seconds must be greater than 0, not -1",
        ),
        (
            "interval: 5\n",
            "tlsprobe.yml, line 1: unknown setting 'interval': did you mean interval_seconds?",
        ),
        (
            "probe:\n  dedline_seconds: 5\n",
            (
                "tlsprobe.yml, line 2: unknown setting 'probe.dedline_seconds': "
                "did you mean probe.deadline_seconds?"
            ),
        ),
        (
            "deadline_secnds: 5\n",
            (
                "tlsprobe.yml, line 1: unknown setting 'deadline_secnds': "
                "did you mean probe.deadline_seconds?"
            ),
        ),
        (
            "http:\n  allowed_host: [a.example]\n",
            (
                "tlsprobe.yml, line 2: unknown setting 'http.allowed_host': "
                "did you mean http.allowed_hosts?"
            ),
        ),
        (
            "retention: {proof: 3}\n",
            (
                "tlsprobe.yml, line 1: unknown setting 'retention.proof': the settings are "
                "retention.audit_days, retention.changes_days, retention.endpoint_bytes_per_day, "
                "retention.endpoints_days, retention.events_days, retention.evidence_days, "
                "retention.findings_days, retention.history_days, retention.probes_days, "
                "retention.trail_events_days, retention.trail_events_rows"
            ),
        ),
        (
            "discovery:\n  - {type: consul, token_varable: A}\n",
            (
                "tlsprobe.yml, line 2: unknown setting 'discovery.0.token_varable': "
                "did you mean discovery.0.token_variable?"
            ),
        ),
        (
            "discovery:\n  - {type: docker, url: http://localhost}\n",
            (
                "tlsprobe.yml, line 2: unknown setting 'discovery.0.url': the settings are "
                "discovery.0.max_stale_seconds, discovery.0.max_targets, discovery.0.name, "
                "discovery.0.refresh_seconds, discovery.0.relabel, discovery.0.socket, "
                "discovery.0.trust_labels, discovery.0.type"
            ),
        ),
        (
            "discovery:\n  - {type: dns, relabel: [{reg: a}]}\n",
            (
                "tlsprobe.yml, line 2: unknown setting 'discovery.0.relabel.0.reg': "
                "did you mean discovery.0.relabel.0.regex?"
            ),
        ),
        (
            "proxies:\n  way: {ulr: 'http://proxy.example:3128'}\n",
            (
                "tlsprobe.yml, line 2: unknown setting 'proxies.way.ulr': did you mean "
                "proxies.way.url? (and 1 more)"
            ),
        ),
        (
            "notifications:\n  ops: {type: email, form: a@b.example}\n",
            (
                "tlsprobe.yml, line 2: unknown setting 'notifications.ops.form': did you mean "
                "notifications.ops.from? (and 3 more)"
            ),
        ),
        (
            "notifications:\n  ops: {url: 'https://hooks.example'}\n",
            (
                "tlsprobe.yml, line 2: notifications.ops needs a `type`: one of alertmanager, "
                "email, security_hub, slack, webhook"
            ),
        ),
        (
            "notifications:\n  ops: {type: pager}\n",
            (
                "tlsprobe.yml, line 2: notifications.ops.type must be one of 'webhook', 'slack', "
                "'email', 'alertmanager', 'security_hub', not 'pager'"
            ),
        ),
        (
            "push: {remote_write: 5}\n",
            "tlsprobe.yml, line 1: push.remote_write must be a mapping, not 5",
        ),
        (
            "max_concurrent_probes: many\n",
            "tlsprobe.yml, line 1: max_concurrent_probes must be a whole number, not 'many'",
        ),
        (
            "enumerate_at_start: 7\n",
            "tlsprobe.yml, line 1: enumerate_at_start must be true or false, not 7",
        ),
        (
            "on_demand: {networks: [10.0.0.1/8]}\n",
            (
                "tlsprobe.yml, line 1: on_demand.networks.0 must be a network without host bits, "
                "such as 10.0.0.0/8, not '10.0.0.1/8'"
            ),
        ),
        (
            "discovery: [{type: file}]\n",
            "tlsprobe.yml, line 1: discovery.0.path is missing: add it",
        ),
        (
            "notifications:\n  ops: {type: webhook}\n",
            (
                "tlsprobe.yml, line 2: notifications.ops: set exactly one of url, url_variable and "
                "url_file"
            ),
        ),
        (
            "workers: {enabled: true}\n",
            (
                "tlsprobe.yml, line 1: workers need a PostgreSQL database: set `database` to a "
                "postgresql:// URL, or remove `workers`"
            ),
        ),
        (
            "targets_files: a.yml\n",
            "tlsprobe.yml, line 1: targets_files must be a list, not 'a.yml'",
        ),
        (
            "listen: 127.0.0.1:99999\n",
            (
                "tlsprobe.yml, line 1: listen must end in a port from 0 to 65535, such as "
                "127.0.0.1:9844, not '127.0.0.1:99999'"
            ),
        ),
        (
            "interval_seconds: .inf\n",
            "tlsprobe.yml, line 1: interval_seconds must be a finite number, not inf",
        ),
        (
            "trust_stores: {}\n",
            (
                "tlsprobe.yml, line 1: trust_stores must name at least one trust store, such as "
                "`mozilla: null`"
            ),
        ),
        (
            "listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n",
            "tlsprobe.yml, line 2: 'listen' is already in line 1: remove one",
        ),
        (
            "maintenance_windows: ['9-17']\n",
            (
                "tlsprobe.yml, line 1: maintenance_windows: '9-17' must be two times of day, in UTC or followed by "
                "a time zone, such as 09:00-17:30 or 09:00-17:30 Europe/Berlin"
            ),
        ),
        *(
            (
                f"interval_seconds: 60\nmaintenance_windows: ['09:00-17:00 {name}']\n",
                (
                    f"tlsprobe.yml, line 2: maintenance_windows: unknown time zone '{name}': "
                    "use a name from the IANA database, such as Europe/Berlin or America/New_York, and "
                    "install tzdata if this machine has no time zones"
                ),
            )
            for name in ("Europe/Berlni", "Europe", "../../etc/passwd", "zone.tab")
        ),
        ("probe:\n  1: 2\n", "tlsprobe.yml, line 2: the key '1' must be text: quote it"),
        (
            "config_file: other.yml\n",
            "tlsprobe.yml, line 1: a configuration file cannot name another: remove this line",
        ),
        ("- a\n", "tlsprobe.yml, line 1: must be a mapping: write each entry as `key: value`"),
    ],
)
def test_a_bad_setting_is_reported_in_one_sentence_with_line_key_and_fix(
    text: str, sentence: str
) -> None:
    assert problem_of(text) == sentence


@pytest.mark.parametrize(
    "text",
    [
        "a: [1\n",
        "\tlisten: 1\n",
        "a: !!python/object/apply:os.system ['true']\n",
        "a: &a [*a]\n",
        "a: " + "[" * 5000,
        "trust_stores:\n  internal: /nowhere.pem\n",
        "trust_stores:\n  'bad name': null\n",
        "trust_stores:\n  internal: tlsprobe.yml\n",
        "a: \x00\n",
        "? [1, 2]\n: 3\n",
        "targets_files: [1, [2]]\n",
        "probe:\n",
    ],
)
def test_any_file_content_ends_in_one_sentence_that_names_it(text: str) -> None:
    sentence = problem_of(text)
    assert sentence.startswith("tlsprobe.yml")
    assert "\n" not in sentence


def test_bytes_that_are_not_text_are_reported(tmp_path: Path) -> None:
    (tmp_path / "tlsprobe.yml").write_bytes(b"listen: \xff\n")
    with pytest.raises(ConfigError, match=r"^tlsprobe.yml: is not UTF-8 text: save it as UTF-8$"):
        load_settings(Path("tlsprobe.yml"))


def test_a_missing_file_is_reported() -> None:
    with pytest.raises(ConfigError, match=r"^nowhere.yml: cannot be read \(No such file"):
        load_settings(Path("nowhere.yml"))


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLSPROBE_PROBE__DEADLINE_SECONDS", "0")
    with pytest.raises(ConfigError) as caught:
        load_settings(write("listen: 127.0.0.1:1\n"))
    assert str(caught.value) == (
        "the environment variable TLSPROBE_PROBE__DEADLINE_SECONDS: "
        "probe.deadline_seconds must be greater than 0, not '0'"
    )


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("TLSPROBE_INTERVAL_SECOND", "TLSPROBE_INTERVAL_SECONDS"),
        ("TLSPROBE_PROBE_DEADLINE_SECONDS", "TLSPROBE_PROBE__DEADLINE_SECONDS"),
        ("tlsprobe_lisen", "TLSPROBE_LISTEN"),
    ],
)
def test_a_misspelt_variable_is_refused_with_a_suggestion(
    variable: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "20")
    with pytest.raises(ConfigError) as caught:
        load_settings(None)
    assert str(caught.value) == (
        f"the environment variable {variable} is not a setting: did you mean {meant}?"
    )


def test_variables_of_others_are_no_misspelt_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Kubernetes sets those of a Service with the name tlsprobe in every pod of its namespace."""
    monkeypatch.setenv("TLSPROBE_PORT", "tcp://10.0.0.1:9844")
    monkeypatch.setenv("TLSPROBE_PORT_9844_TCP_ADDR", "10.0.0.1")
    monkeypatch.setenv("TLSPROBE_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("TLSPROBE_SERVICE_PORT_HTTP", "9844")
    monkeypatch.setenv("TLSPROBE_PROXY_PASSWORD", "secret")
    monkeypatch.setenv("TLSPROBE_TARGET_FILE", "secret")
    monkeypatch.setenv("TLSPROBE_BUILD", "7")
    settings = load_settings(
        write(
            "discovery: [{type: consul, url: 'http://127.0.0.1:1', token_variable: TLSPROBE_TARGET_FILE}]\n"
        )
    )
    assert unknown_variables(settings) == ["TLSPROBE_BUILD"]


@pytest.mark.parametrize(
    "variable",
    [
        "TLSPROBE_TARGETS_FILES",
        "TLSPROBE_NOTIFICATIONS",
        "TLSPROBE_HTTP__ALLOWED_HOSTS",
        "TLSPROBE_PROBE__FETCH_PORTS",
        "tlsprobe_discovery",
    ],
)
def test_a_list_or_mapping_in_the_environment_that_is_not_json_is_named(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLSPROBE_LISTEN", "127.0.0.1:0")
    monkeypatch.setenv("TLSPROBE_CONTACT", "mailto:ops@example.com")
    monkeypatch.setenv("TLSPROBE_RETENTION", "{}")
    monkeypatch.setenv(variable, "targets.yml")
    with pytest.raises(ConfigError, match=rf"^the environment variable {variable} must be JSON"):
        load_settings(None)


def test_a_bad_option_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^--listen: must be HOST:PORT"):
        load_settings(None, listen="9844")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9844", ("127.0.0.1", 9844)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_to_listen_on_is_host_and_port(text: str, expected: tuple[str, int]) -> None:
    assert split_listen(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", ":1", "::1:1", "[::1]", "[]:1", "a:", "a:-1", "a:65536", "a:\u0661", "a b:1", "[a]:1"],
)
def test_anything_else_is_not_an_address_to_listen_on(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        split_listen(text)


@pytest.mark.parametrize("contact", ["a b", "a)b", "a\\nb", "", "ü", 201 * "a"])
def test_a_contact_cannot_break_out_of_its_header(contact: str) -> None:
    assert "contact" in problem_of(f'contact: "{contact}"\n')


def with_password(database: str, file: Path) -> str:
    return f"targets_files: [t.yml]\ndatabase: {database}\ndatabase_password_file: {file}\n"


def test_the_password_of_the_database_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/word:1\n")
    settings = load_settings(write(with_password("postgresql://ops@db.internal/tls", file)))
    # RFC 3986, section 3.2.1: @, / and : of a password are encoded.
    assert settings.database == "postgresql://ops:p%40ss%2Fword%3A1@db.internal/tls"
    assert "p@ss" not in repr(settings)
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize(
    ("database", "content", "reason"),
    [
        ("sqlite:///tlsprobe.db", "secret", "needs a user"),
        ("postgresql://db.internal/tls", "secret", "needs a user"),
        ("postgresql://ops:other@db.internal/tls", "secret", "a password too"),
        ("postgresql://ops@db.internal/tls?password=other", "secret", "a password too"),
        ("nonsense", "secret", "needs a user"),
        ("postgresql://ops@db.internal/tls", " ", "is empty"),
        ("postgresql://ops@db.internal/tls", None, "cannot be read"),
    ],
)
def test_a_password_without_its_place_is_one_sentence(
    database: str, content: str | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    problem = problem_of(with_password(database, file))
    assert problem.startswith("tlsprobe.yml, line 3: database_password_file")
    assert reason in problem
    assert "other" not in problem
