"""Wrong inputs and what the error must name: the input, the field, the line, and how to fix it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

FILES: Final = {
    "targets.yml": "- a.example\n",
    "empty.yml": "",
    "closed.yml": "http: {admin: off}",
    "house.yml": "policies:\n  house:\n    rules:\n      hsts:\n",
}
"""Files that every wrong command finds in its directory."""

# What only an author of the libraries would understand.
LEAK: Final = re.compile(
    r"Traceback|most recent call last|Input (?:tag|should|is)|\b(?:String|List|Value) should|Value error,"
    r"|<list|<class|\[\[|<[A-Z]|No such (?:option|command)|Invalid value for|Got unexpected"
    r"|pydantic|typer|click|sqlalchemy|psycopg\.|httpx|starlette|\[type=|Errno|char \d|object at 0x"
    r"|Extra inputs|validation error|ctx|None\b|True\b|False\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One wrong command: each of ``named`` is in the error."""

    command: str
    named: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        extra = "; ".join((*self.files.values(), *map("=".join, self.environment.items())))
        return " ".join(f"{self.command} {extra}".split())[:90]


def _commands(*rows: tuple[str, str, str]) -> list[Wrong]:
    """Each row: the arguments, and two texts that the error has."""
    return [Wrong(command=command, named=(what, fix)) for command, what, fix in rows]


def _configurations(*rows: tuple[str, str, str]) -> list[Wrong]:
    """Each row: the lines of a configuration after its first, and two texts that the error has."""
    return [
        Wrong(
            command="discover --config c.yml",
            files={"c.yml": f"targets_files: [targets.yml]\n{text}\n"},
            named=("c.yml, line 2: ", what, fix),
        )
        for text, what, fix in rows
    ]


def _environments(*rows: tuple[str, str, str]) -> list[Wrong]:
    """Each row: a variable, its value, and a text that the error has."""
    return [
        Wrong(
            command="discover --config empty.yml",
            environment={f"TLSPROBE_{name}": value},
            named=(f"the environment variable TLSPROBE_{name}", what),
        )
        for name, value, what in rows
    ]


def _policies(*rows: tuple[str, str, str]) -> list[Wrong]:
    """Each row: the second line of a policy file, and two texts that the error has."""
    return [
        Wrong(
            command="policy check p.yml",
            files={"p.yml": f"# the policies\n{text}\n"},
            named=("p.yml, line 2: ", what, fix),
        )
        for text, what, fix in rows
    ]


def _waivers(*rows: tuple[str, str, str]) -> list[Wrong]:
    """Each row: changes of a good waiver, one a line, and two texts that the error has."""
    good = {"rule": "hsts", "owner": "ops", "reason": "r", "expires": "2099-01-31"}
    found = []
    for text, what, fix in rows:
        name, _, value = text.partition(": ")
        lines = {**good, name: value}
        body = "".join(f"    {key}: {one}\n" for key, one in lines.items() if one)
        files = {"p.yml": f"{FILES['house.yml']}waivers:\n  w:\n{body}"}
        found.append(
            Wrong(command="policy check p.yml", files=files, named=("p.yml, line ", what, fix))
        )
    return found


CLI: Final = _commands(
    ("scam", "unknown command 'scam'", "did you mean scan?"),
    ("policy lst", "unknown command 'lst'", "tlsprobe policy --help"),
    ("db upgrad", "unknown command 'upgrad'", "did you mean upgrade?"),
    ("report vrify x", "unknown command 'vrify'", "did you mean verify?"),
    ("help scna", "unknown command 'scna'", "did you mean scan?"),
    ("help a b c", "too many arguments: remove c", "tlsprobe help --help"),
    (
        "completion tcsh",
        "SHELL must be bash, zsh or fish, not 'tcsh'",
        "tlsprobe completion --help",
    ),
    ("completion", "SHELL is missing: add it", "tlsprobe completion --help"),
    ("scan", "HOST[:PORT] is missing", "name at least one host to probe"),
    ("scan 10.0.0.0/16", "the networks have 65,536 addresses", "add --yes"),
    ("scan 10.0.0.0/33", "'10.0.0.0/33' is not a network", "such as 192.0.2.0/28"),
    ("scan --file absent.txt", "absent.txt: no such file or directory", "give a readable list"),
    ("scan --brief --json a", "--brief and --json exclude each other", "give one of them"),
    ("scan --jsn a", "unknown option --jsn", "--json?"),
    ("scan a:99999", "'a:99999' has no valid port", "from 1 to 65535"),
    ("scan http://a", "'http://a' has an unknown scheme", "did you mean https"),
    ("scan user@a", "'user@a' contains a user name", "remove everything up to the @"),
    ("scan a --timeout soon", "--timeout must be a number, not 'soon'", "tlsprobe scan --help"),
    ("scan a --timeout -1", "--timeout -1 must be more than 0", "at most 86400 seconds"),
    ("scan a --timeout", "--timeout needs a value", "tlsprobe scan --help"),
    ("scan a --ipv4=yes", "--ipv4 takes no value", "tlsprobe scan --help"),
    ("scan a -4 -6", "--ipv4 and --ipv6 exclude each other", "give one, or neither"),
    ("scan a --trust-store x", "--trust-store: 'x' must be NAME=FILE", "such as internal="),
    ("scan a --trust-store x=none.pem", "none.pem cannot be read", "readable PEM file"),
    ("scan a --trust-store x=targets.yml", "targets.yml holds no PEM", "use a PEM file"),
    ("scan a --checks suite", "--checks: unknown check 'suite'", "use versions, suites"),
    ("scan a --intrusiveness high", "--intrusiveness must be safe, standard or full", "not 'high'"),
    ("scan a --server-name 1.2.3.4", "'1.2.3.4' is an address", "use a host name"),
    ("scan a --log-list none", "--log-list: The log list none cannot be read", "use a readable"),
    ("scan a --log-list targets.yml", "targets.yml is not valid JSON", "download it again"),
    ("scan a --record targets.yml", "--record targets.yml: file exists", "use a new file"),
    ("scan a --proxy ftp://x", "--proxy is not a valid proxy", "use http://host:3128"),
    ("scan a --source-address x", "--source-address: 'x' is not an IP address", "this machine"),
    ("scan a --proxy-protocol v3", "--proxy-protocol must be v1 or v2", "not 'v3'"),
    ("scan a --policy mozila", "unknown profile 'mozila'", "did you mean mozilla-old?"),
    ("scan a --policy none.yml", "none.yml: cannot be read", "use a file that exists"),
    ("scan a --policy rfc9325 --label x", "--label: 'x' must be NAME=VALUE", "such as"),
    ("scan a --fail-on High", "--fail-on must be info, low, medium, high or critical", "'High'"),
    ("scan a --no-evidence", "--no-evidence needs --json", "add it"),
    ("explain a", "explain needs an endpoint and a fact", "add the fact after 'a'"),
    ("explain a tls9", "unknown fact 'tls9'", "did you mean tls1.3"),
    ("explain a tls1.0 x", "too many arguments: remove x", "tlsprobe explain --help"),
    ("explain a tls1.0 --proxy x", "--proxy is not a valid proxy", "use http://host:3128"),
    ("replay none", "none: no such file or directory", "tlsprobe scan --record"),
    ("replay targets.yml", "targets.yml: line 1", "use a file that tlsprobe recorded"),
    ("replay targets.yml --fail-on high", "--fail-on", "need --policy: add it"),
    ("discover", "--config is missing: add it", "tlsprobe discover --help"),
    ("discover --config none.yml", "none.yml: cannot be read", "use a file that exists"),
    ("discover --config empty.yml", "empty.yml has no source", "add targets_files or discovery"),
    ("status --url x", "--url must begin with http://", "not 'x'"),
    (
        "status --url http://127.0.0.1:1",
        "no tlsprobe service answers at http://127.0.0.1:1",
        "--url",
    ),
    ("certificates --database x", "'x' is not a valid database URL", "use sqlite:///file.db"),
    ("certificates --label x", "--label: 'x' must be NAME=VALUE", "such as"),
    ("inventory --at soon", "--at: cannot parse time 'soon'", "such as 24h or 7d"),
    ("inventory --at 999999w", "--at: cannot parse time '999999w'", "such as 24h or 7d"),
    ("inventory --label x", "--label: 'x' must be NAME=VALUE", "such as"),
    ("history", "HOST is missing: add it", "tlsprobe history --help"),
    (
        "history a --limit x",
        "--limit must be a whole number from 1 to 10000, not 'x'",
        "tlsprobe history --help",
    ),
    ("history a --limit 0", "--limit must be a whole number from 1 to 10000, not", "--help"),
    ("diff a --since 2026-13-01", "--since: cannot parse time '2026-13-01'", "or a date"),
    ("changes --since 7y", "--since: cannot parse time '7y'", "such as 24h or 7d"),
    ("events --since x", "--since: cannot parse time 'x'", "such as 24h or 7d"),
    ("events --kind crash", "--kind must be one of started, stopped, crashed", "not 'crash'"),
    ("events --database sqlite:///none.db", "none.db does not exist", "--database"),
    ("report --format pdf", "--format must be html, markdown", "not 'pdf'"),
    ("report --weeks -1", "--weeks must be a whole number from 0 to 260, not", "report --help"),
    ("report --policy nope", "unknown profile 'nope'", "see `tlsprobe policy list`"),
    ("report --at x", "--at: cannot parse time 'x'", "such as 24h or 7d"),
    ("report --label x", "--label: 'x' must be NAME=VALUE", "such as"),
    ("report verify none", "cannot read none: no such file or directory", "none"),
    ("report verify targets.yml", "targets.yml: it contains no report data", "add --data FILE"),
    ("policy show mozila-modern", "unknown profile 'mozila-modern'", "mozilla-modern?"),
    ("policy explain hst", "unknown rule 'hst'", "did you mean hsts?"),
    ("policy diff rfc9325 nope", "unknown profile 'nope'", "see `tlsprobe policy list`"),
    ("policy evaluate nope a", "unknown profile 'nope'", "see `tlsprobe policy list`"),
    ("policy match a:x", "'a:x' has no valid port", "from 1 to 65535"),
    ("policy test targets.yml", "targets.yml, line 1: must be a mapping", "`key: value`"),
    (
        "db check --database mysql://x",
        "'mysql://x' is not supported",
        "sqlite:/// or postgresql://",
    ),
    ("db import none", "none: no such file or directory", "none"),
    ("db import targets.yml --database sqlite:///n.db", "targets.yml is not", "export it again"),
    ("worker --config empty.yml", "workers are off", "set workers.enabled: true"),
    ("serve --config closed.yml", "there is nothing to probe", "add --targets FILE"),
    ("serve --targets targets.yml --listen x", "--listen: must be HOST:PORT", "not 'x'"),
    ("demo --listen x", "--listen: must be HOST:PORT", "not 'x'"),
)

CONFIGURATIONS: Final = _configurations(
    ("workers: {enabeld: true}", "'workers.enabeld'", "did you mean workers.enabled?"),
    ("workers: true", "workers must be a mapping", "not true"),
    ("workers: {enabled: maybe}", "workers.enabled must be true or false", "not 'maybe'"),
    ("listn: x", "unknown setting 'listn'", "did you mean listen?"),
    ("listen: 9844", "listen must be text", "not 9844"),
    ("listen: ':1'", "listen must be HOST:PORT", "such as 127.0.0.1:9844"),
    ("interval_seconds: soon", "interval_seconds must be a number", "not 'soon'"),
    ("interval_seconds: -1", "interval_seconds must be greater than 0", "not -1"),
    ("max_concurrent_probes: null", "max_concurrent_probes must be a whole number", "not null"),
    ("max_concurrent_probes: 1.5", "max_concurrent_probes must be a whole number", "not 1.5"),
    ("discovery: 1", "discovery must be a list", "not 1"),
    ("discovery: [{type: fil}]", "discovery.0.type must be one of 'file'", "not 'fil'"),
    ("discovery: [{path: x}]", "discovery.0 needs a `type`", "one of apache"),
    ("discovery: [{type: file, pth: x}]", "'discovery.0.pth'", "did you mean discovery.0.path?"),
    ("discovery: [{type: file}]", "discovery.0.path is missing", "add it"),
    (
        "discovery: [{type: networks, networks: [10.0.0.1/8]}]",
        "discovery.0.networks.0 must be a network without host bits",
        "such as 10.0.0.0/8",
    ),
    ("discovery: [{type: http_sd, url: x}]", "discovery.0.url: the URL must begin with", "http://"),
    (
        "discovery: [{type: names, urls: [x]}]",
        "discovery.0.urls.0: the URL must begin with",
        "http://",
    ),
    ("relabel: [{action: replce}]", "relabel.0.action must be 'replace'", "not 'replce'"),
    ("relabel: [{regex: '(', target_label: a}]", "relabel.0: the regex '('", "fix it"),
    ("notifications: {a: {type: slak}}", "notifications.a.type must be one of", "not 'slak'"),
    ("notifications: {a: {}}", "notifications.a needs a `type`", "one of alertmanager"),
    ("notifications: {a: {type: slack}}", "notifications.a: set exactly one of url", "url_file"),
    ("on_demand: {modules: {a: {probr: x}}}", "modules.a.probr'", "modules.a.prober?"),
    ("on_demand: {default_module: x}", "on_demand: default_module 'x'", "default"),
    ("on_demand: {networks: [x]}", "on_demand.networks.0 must be a network", "such as"),
    ("retention: {history_day: 5}", "'retention.history_day'", "retention.history_days?"),
    ("probe: {checks: [vers]}", "probe.checks: unknown check 'vers'", "use versions"),
    (
        "probe: {source_address: x}",
        "probe.source_address: 'x' is not an IP address",
        "this machine",
    ),
    ("probe: {name_servers: [x]}", "probe.name_servers: 'x' is not a name server", "10.0.0.53"),
    ("probe: {proxy: x}", "probe.proxy is 'x'", "not in proxies"),
    ("proxies: {a: {url: 'ftp://x'}}", "the proxy 'a' is not a valid proxy", "use http://"),
    ("trust_stores: {a: none.pem}", "none.pem cannot be read", "use a readable PEM file"),
    ("time_zone: Mars", "unknown setting 'time_zone'", "the settings are allow"),
    ("log_level: loud", "log_level must be 'debug', 'info', 'warning' or 'error'", "not 'loud'"),
    ("metrics: {detial: all}", "'metrics.detial'", "did you mean metrics.detail?"),
    ("config_file: x", "cannot name another", "remove this line"),
    ("a: b: c", "is not valid YAML", "correct it"),
    ("contact: 2026-13-45", "a date or number that does not exist", "correct it"),
    ("1: 2", "the key '1' must be text", "quote it"),
)

ENVIRONMENTS: Final = _environments(
    ("INTERVAL_SECONDS", "soon", "interval_seconds must be a number, not 'soon'"),
    ("WORKERS__ENABELD", "true", "did you mean workers.enabled?"),
    ("WORKERS__ENABLED", "maybe", "workers.enabled must be true or false, not 'maybe'"),
    ("WORKERS", "x", "must be JSON"),
    ("TARGETS_FILES", "targets.yml", "must be JSON"),
    ("LISTEN", "", "listen must be HOST:PORT"),
    ("NOTIFICATIONS__OPS__TYPE", "slak", "notifications.ops.type must be one of"),
)

POLICIES: Final = _policies(
    ("polices: {}", "unknown key 'polices'", "did you mean policies?"),
    ("policies: [a]", "policies must be a mapping", "mapping"),
    ("policies: {a: 1}", "policies.a must be a mapping", "not 1"),
    ("policies: {a: {}}", "the policy 'a' has no rules", "extend a profile, or add `rules`"),
    ("policies: {'A b': {}}", "policies.A b must be at most 100 letters", "not 'A b'"),
    ("policies: {a: {rules: {hst: }}}", "unknown rule 'hst'", "did you mean hsts?"),
    ("policies: {a: {rules: {hsts: {max_age: x}}}}", "hsts.max_age must be a whole number", "'x'"),
    ("policies: {a: {rules: {hsts: {max_ag: 1}}}}", "no parameter 'max_ag'", "mean max_age?"),
    ("policies: {a: {rules: {hsts: {severity: High}}}}", "hsts.severity must be 'info'", "'High'"),
    ("policies: {a: {extends: nope}}", "unknown policy or profile 'nope'", "policy list"),
    ("policies: {a: {for: {label: {}}, rules: {}}}", "unknown key 'label'", "mean labels?"),
    ("policies: {a: {frobnicate: 1}}", "unknown key 'frobnicate'", "use title"),
    ("policies: {a: {title: ''}}", "policies.a.title must not be empty", "''"),
    ("policies: {]", "is not valid YAML", "correct it"),
)

WAIVERS: Final = _waivers(
    ("rule: hst", "unknown rule 'hst'", "did you mean hsts?"),
    ("expires: soon", "waivers.w.expires must be a day, such as 2027-01-31", "not 'soon'"),
    ("expires: 31.1.2099", "waivers.w.expires must be a day", "not '31.1.2099'"),
    ("expires: 2026-02-30", "a date or number that does not exist", "correct it"),
    ("expires: ", "waivers.w lacks 'expires'", "add it"),
    ("owner: ''", "waivers.w.owner must not be empty", "''"),
    ("policy: nope", "unknown policy 'nope'", "the policies are house, claims"),
    ("targt: a", "unknown key 'targt'", "did you mean target?"),
    ("for: a", "unknown key 'for'", "use rule"),
)

EVERY: Final = (*CLI, *CONFIGURATIONS, *ENVIRONMENTS, *POLICIES, *WAIVERS)
