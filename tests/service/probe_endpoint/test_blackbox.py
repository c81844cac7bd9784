"""Modules with blackbox_exporter's names agree with the real blackbox_exporter, about every server and result by result."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from service.config.modules.on_demand import OnDemandSettings
from service.probe_endpoint.prober import OnDemandProber
from tests.service.probe_endpoint.asking import LOOPBACK, Series, World, series
from tests.service.probe_endpoint.exporter_servers import servers
from tests.support.plain_http import TRUSTS_NO_CA
from tests.zoo.certificates import Certificates
from tests.zoo.process import Command, running
from tests.zoo.truth import SERVER_NAME

pytestmark = [pytest.mark.integration, pytest.mark.slow]

STOCK: Final = Path("/etc/prometheus/blackbox.yml")
"""The file that Debian's package of blackbox_exporter installs: the project's own blackbox.yml."""

DURATIONS: Final = {
    "probe_duration_seconds",
    "probe_dns_lookup_time_seconds",
    "probe_http_duration_seconds",
}
"""Their values are of the probe, not of the server; each must be there, with the same labels."""

SINCE_0_26: Final = {"probe_timeout_seconds", "probe_tls_cipher_info"}
LABEL_SINCE_0_26: Final = "serialnumber"
"""What newer versions than Debian's 0.23 have."""

OF_CERTIFICATES: Final = {
    "probe_ssl_earliest_cert_expiry",
    "probe_ssl_last_chain_expiry_timestamp_seconds",
    "probe_ssl_last_chain_info",
    "probe_tls_version_info",
}
"""The only difference: tlsprobe shows these also if the probe fails after the certificate came."""


def modules(certificates: Certificates) -> dict[str, Any]:
    """The stock modules that tlsprobe accepts, and one for each key that changes what they mean."""
    verified = {"ca_file": str(certificates.root_file), "server_name": SERVER_NAME}
    client = {"cert_file": str(certificates.client_file), "key_file": str(certificates.client_file)}
    insecure = {"insecure_skip_verify": True}
    of_http: dict[str, Any] = {
        "http_2xx": {},
        "http_custom_ca_example": {"tls_config": {"ca_file": str(certificates.root_file)}},
        "http_verified": {"tls_config": verified},
        "http_insecure": {"tls_config": insecure},
        "http_with_certificate": {"tls_config": {**verified, **client}},
        "http_old": {"tls_config": {**insecure, "min_version": "TLS10"}},
        "http_1_only": {"tls_config": insecure, "enable_http2": False},
        "http_not_followed": {"tls_config": insecure, "follow_redirects": False},
        "http_not_followed_30x": {
            "tls_config": insecure,
            "no_follow_redirects": True,
            "valid_status_codes": [301, 302, 410],
        },
        "http_version_1_1": {"tls_config": insecure, "valid_http_versions": ["HTTP/1.1"]},
        "http_version_2": {"tls_config": insecure, "valid_http_versions": ["HTTP/2.0"]},
        "http_fail_if_ssl": {"tls_config": insecure, "fail_if_ssl": True},
        "http_fail_if_not_ssl": {"tls_config": insecure, "fail_if_not_ssl": True},
    }
    of_tcp: dict[str, Any] = {
        "tcp_connect": {},
        "tls_connect": {"tls": True},
        "tcp_verified": {"tls": True, "tls_config": verified},
        "tcp_insecure": {"tls": True, "tls_config": insecure},
        "tcp_with_certificate": {"tls": True, "tls_config": {**verified, **client}},
        "tcp_old": {"tls": True, "tls_config": {**insecure, "min_version": "TLS10"}},
        "tcp_tls12": {"tls": True, "tls_config": {**insecure, "max_version": "TLS12"}},
    }
    return {
        **{name: _module("http", keys) for name, keys in of_http.items()},
        **{name: _module("tcp", keys) for name, keys in of_tcp.items()},
        "http_impatient": {**_module("http", {"tls_config": insecure}), "timeout": "500ms"},
        "tcp_impatient": {**_module("tcp", {"tls": True}), "timeout": "500ms"},
    }


def _module(prober: str, keys: dict[str, Any]) -> dict[str, Any]:
    return {"prober": prober, "timeout": "9s", prober: {"preferred_ip_protocol": "ip4", **keys}}


def dialogues(certificates: Certificates) -> dict[str, tuple[Any, str]]:
    """STARTTLS as blackbox_exporter writes it, and the protocol's name that replaces the dialogue here."""
    tls = {"ca_file": str(certificates.root_file), "server_name": SERVER_NAME}

    def dialogue(*steps: tuple[str, str]) -> Any:
        written = [{key: text} for key, text in steps]
        keys = {"query_response": [*written, {"starttls": True}], "tls_config": tls}
        return _module("tcp", keys)

    return {
        "smtp": (
            dialogue(
                ("expect", "^220 "),
                ("send", "EHLO prober\r"),
                ("expect", "^250-STARTTLS"),
                ("send", "STARTTLS\r"),
                ("expect", "^220"),
            ),
            "smtp",
        ),
        "imap": (
            dialogue(("expect", "OK.*STARTTLS"), ("send", ". STARTTLS"), ("expect", "OK")),
            "imap",
        ),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """The real exporter's URL, tlsprobe's prober with the same modules, and the servers' ports."""

    exporter: str
    ours: OnDemandProber
    modules: Mapping[str, Any]
    ports: Mapping[str, int]

    async def pages(
        self, client: httpx.AsyncClient, module: str, target: str, hostname: str | None = None
    ) -> tuple[Series, Series]:
        """Both pages, theirs first."""
        asked = {"target": target, "module": module, **({"hostname": hostname} if hostname else {})}
        theirs = await client.get(f"{self.exporter}/probe", params=asked)
        assert theirs.status_code == 200
        ours = await self.ours.page(target, module_name=module, server_name=hostname)
        return series(theirs.text), series(ours)


@pytest.fixture(scope="module")
def both(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    made = modules(certificates)
    directory = tmp_path_factory.mktemp("blackbox")
    config = directory / "blackbox.yml"
    starttls = dialogues(certificates)
    theirs = {**made, **{name: one for name, (one, _) in starttls.items()}}
    config.write_text(yaml.safe_dump({"modules": theirs}))
    system_store = {"SSL_CERT_FILE": str(certificates.root_file)}
    command = Command(
        arguments=[
            "prometheus-blackbox-exporter",
            f"--config.file={config}",
            "--web.listen-address=127.0.0.1:0",
        ],
        ready=r'msg="Listening on" address=(\S+)',
        environment=system_store,
    )
    ours = {name: {**one, "allow_paths": True} for name, one in made.items()}
    for name, (one, protocol) in starttls.items():
        tcp = {"tls": True, "starttls": protocol, "tls_config": one["tcp"]["tls_config"]}
        ours[name] = {"prober": "tcp", "tcp": tcp}
    ours["tcp_connect"]["emit"] = ["blackbox_exporter"]
    with (
        servers(certificates, tmp_path_factory.mktemp("servers")) as ports,
        running(command, directory) as ready,
    ):
        yield Both(
            exporter=f"http://{ready[1]}",
            ours=_prober(ours, system_store),
            modules=made,
            ports=ports,
        )


def _prober(modules: Mapping[str, Any], environment: Mapping[str, str]) -> OnDemandProber:
    settings = {"networks": [*LOOPBACK, "::1"], "modules": modules}
    with pytest.MonkeyPatch.context() as patched:
        for name, text in environment.items():
            patched.setenv(name, text)
        return World().prober(OnDemandSettings.model_validate(settings))


def differences(theirs: Series, ours: Series) -> dict[Any, Any]:
    """What differs, theirs first; None if one of them has no such series."""
    expected, found = _comparable(theirs), _comparable(ours)
    if not theirs["probe_success", frozenset()]:
        names = {name for name, _ in expected}
        found = {
            place: number
            for place, number in found.items()
            if place[0] in names or place[0] not in OF_CERTIFICATES
        }
    places = sorted(expected.keys() | found.keys(), key=str)
    return {
        place: (expected.get(place), found.get(place))
        for place in places
        if expected.get(place) != found.get(place)
    }


def _comparable(page: Series) -> Series:
    return {
        (name, frozenset(one for one in labels if one[0] != LABEL_SINCE_0_26)): (
            0 if name in DURATIONS else number
        )
        for (name, labels), number in page.items()
        if name not in SINCE_0_26
    }


ALSO_WITHOUT_TLS: Final = {
    "http_2xx",
    "http_insecure",
    "http_fail_if_ssl",
    "http_fail_if_not_ssl",
    "http_not_followed_30x",
}


def targets(module: str, port: int) -> list[str]:
    """How a module's targets are written: HTTP modules get a URL with TLS, some of them one without too."""
    place = f"127.0.0.1:{port}"
    if not module.startswith("http"):
        return [place]
    return [f"https://{place}", *([f"http://{place}"] if module in ALSO_WITHOUT_TLS else [])]


def combinations(both: Both) -> Iterator[tuple[str, str, str]]:
    """Module, server, and target. At the silent server, only the modules with little time."""
    for module in both.modules:
        for server, port in both.ports.items():
            if module.endswith("_impatient") == (server == "silent"):
                yield from ((module, server, target) for target in targets(module, port))


async def test_every_series_agrees_with_the_real_exporter(both: Both) -> None:
    at_once = asyncio.Semaphore(8)
    found: dict[str, Any] = {}

    async def compare(client: httpx.AsyncClient, module: str, server: str, target: str) -> None:
        async with at_once:
            theirs, ours = await both.pages(client, module, target)
        if different := differences(theirs, ours):
            found[f"{module} {server} {target}"] = different

    async with (
        httpx.AsyncClient(verify=TRUSTS_NO_CA, timeout=30) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for module, server, target in combinations(both):
            tasks.create_task(compare(client, module, server, target))
    assert found == {}


async def test_the_servers_show_each_kind_of_result(both: Both) -> None:
    """Equal pages prove little if all probes fail: these are what the servers' configurations say."""
    expected: Mapping[tuple[str, str], Mapping[str, float]] = {
        ("http_verified", "http2"): {"probe_http_version": 2, "probe_success": 1},
        ("http_verified", "modern"): {"probe_http_version": 1.1, "probe_success": 1},
        ("http_insecure", "http10"): {"probe_http_version": 1, "probe_success": 1},
        ("http_insecure", "relative_redirect"): {"probe_http_redirects": 1, "probe_success": 1},
        ("http_insecure", "redirect_elsewhere"): {"probe_http_redirects": 1, "probe_success": 1},
        ("http_insecure", "redirect_to_plaintext"): {"probe_http_ssl": 0, "probe_success": 1},
        ("http_insecure", "redirect_to_closed"): {"probe_http_status_code": 0, "probe_success": 0},
        ("http_insecure", "redirect_loop"): {"probe_http_redirects": 11, "probe_success": 0},
        ("http_not_followed_30x", "redirect_loop"): {"probe_http_redirects": 1, "probe_success": 1},
        ("http_verified", "wants_certificate"): {"probe_http_status_code": 400},
        ("http_with_certificate", "wants_certificate"): {"probe_success": 1},
        ("http_with_certificate", "demands_certificate"): {"probe_success": 1},
        ("http_verified", "demands_certificate"): {"probe_success": 0},
        ("http_verified", "expired"): {"probe_success": 0},
        ("http_insecure", "file"): {"probe_http_uncompressed_body_length": 140_000},
        ("http_old", "tls10_only"): {"probe_success": 1},
        ("tcp_insecure", "tls10_only"): {"probe_success": 0},
        ("tcp_connect", "smtp"): {"probe_success": 1},
        ("tcp_connect", "closed"): {"probe_success": 0},
        ("tcp_insecure", "plaintext"): {"probe_success": 0},
    }
    for (module, server), numbers in expected.items():
        scheme = "https://" if module.startswith("http") else ""
        target = f"{scheme}127.0.0.1:{both.ports[server]}"
        page = series(await both.ours.page(target, module_name=module))
        shown = {name: page[name, frozenset()] for name in numbers}
        assert shown == numbers, (module, server)


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("http_insecure", "127.0.0.1:{plaintext}"),
        ("http_insecure", "127.0.0.1:{modern}"),
        ("http_insecure", "https://localhost:{modern}/a?b=c"),
        ("http_insecure", "https://127.0.0.1:{relative_redirect}"),
        ("http_insecure", "ftp://127.0.0.1:{modern}/"),
        ("http_insecure", "https://127.0.0.1:port/"),
        ("http_insecure", "https://[::1/"),
        ("tcp_insecure", "localhost:{modern}"),
        ("tcp_insecure", "127.0.0.1"),
        ("tcp_insecure", "https://127.0.0.1:{modern}/"),
        ("tcp_insecure", "127.0.0.1:0"),
        ("tcp_insecure", "127.0.0.1:99999"),
        ("tcp_connect", "[::1]:{closed}"),
    ],
)
async def test_a_target_means_what_it_means_there(both: Both, module: str, target: str) -> None:
    async with httpx.AsyncClient(verify=TRUSTS_NO_CA, timeout=30) as client:
        theirs, ours = await both.pages(client, module, target.format(**both.ports))
    shown = "probe_success", "probe_http_status_code", "probe_http_ssl", "probe_http_version"
    places = [(name, frozenset[tuple[str, str]]()) for name in shown]
    assert [ours.get(one) for one in places] == [theirs.get(one) for one in places]


async def test_a_module_without_ca_file_trusts_the_system_s_store(both: Both) -> None:
    target = f"https://127.0.0.1:{both.ports['modern']}"
    async with httpx.AsyncClient(verify=TRUSTS_NO_CA, timeout=30) as client:
        theirs, ours = await both.pages(client, "http_2xx", target, hostname=SERVER_NAME)
    assert ours["probe_success", frozenset()] == 1
    assert differences(theirs, ours) == {}


@pytest.mark.parametrize("protocol", ["smtp", "imap"])
async def test_starttls_replaces_a_dialogue_of_query_response(both: Both, protocol: str) -> None:
    target = f"127.0.0.1:{both.ports[protocol]}"
    async with httpx.AsyncClient(verify=TRUSTS_NO_CA, timeout=30) as client:
        theirs, ours = await both.pages(client, protocol, target)
    assert ours["probe_success", frozenset()] == 1
    assert differences(theirs, ours) == {}
