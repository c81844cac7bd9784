"""Servers understand our remediations: their own checkers accept the lines for every profile."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from policy import profile
from policy.files.profiles import profiles
from policy.remediation import SERVERS, Demands, Topic, demands_of
from tests.policy.remedies.weak_servers import ENVIRONMENT_OF_SERVERS
from tests.zoo.certificates import Certificates

pytestmark = pytest.mark.integration

# Debian's OpenSSL 3.0 has no post-quantum groups, so it refuses what needs them. AWS' named policies
# limit only versions and suites, as some others here do.
DEMANDS = {
    name: demands
    for name in sorted(profiles())
    if not name.startswith(("ELBSecurityPolicy-", "CloudFront-"))
    and (demands := demands_of([profile(name)]))
    and not demands.needs_post_quantum
}
EVERY_PROFILE = pytest.mark.parametrize("name", DEMANDS)
_HAPROXY_PLACES = {"global": "in the global", "bind": "on the bind", "frontend": "in the frontend"}
_NO_FILES = {Topic.CHAIN, Topic.STAPLING, Topic.REDIRECT, Topic.DH}


def _lines(
    kind_name: str, demands: Demands, but: set[Topic] | None = None
) -> list[tuple[str, str]]:
    """(place, line) of all settings that need no file of the operator."""
    (kind,) = (kind for kind in SERVERS if kind.name == kind_name)
    return [
        (setting.place, line)
        for setting in kind.write(demands)
        if setting.topic not in _NO_FILES | (but or set())
        for line in setting.lines
    ]


def _check(directory: Path, *command: str) -> None:
    done = subprocess.run(
        command,
        cwd=directory,
        check=False,
        capture_output=True,
        text=True,
        env=ENVIRONMENT_OF_SERVERS,
    )
    assert done.returncode == 0, done.stderr + done.stdout


@EVERY_PROFILE
def test_nginx(name: str, certificates: Certificates, tmp_path: Path) -> None:
    lines = "\n".join(line for _, line in _lines("nginx", DEMANDS[name]))
    (tmp_path / "nginx.conf").write_text(
        "pid nginx.pid; events {} http { access_log off; server { listen 127.0.0.1:1 ssl;\n"
        f"ssl_certificate {certificates.rsa.chain_file};\n"
        f"ssl_certificate_key {certificates.rsa.key_file};\n{lines}\n}} }}\n"
    )
    _check(tmp_path, "nginx", "-t", "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr")


@EVERY_PROFILE
def test_apache(name: str, certificates: Certificates, tmp_path: Path) -> None:
    lines = "\n".join(line for _, line in _lines("Apache httpd", DEMANDS[name]))
    modules = "\n".join(
        f"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so"
        for module in ("mpm_event", "authz_core", "headers", "ssl")
    )
    (tmp_path / "apache.conf").write_text(
        f"ServerRoot {tmp_path}\n{modules}\nListen 127.0.0.1:1\nServerName zoo.test\nSSLEngine on\n"
        f"ErrorLog /dev/stderr\nSSLCertificateFile {certificates.rsa.chain_file}\n"
        f"SSLCertificateKeyFile {certificates.rsa.key_file}\n{lines}\n"
    )
    _check(tmp_path, "apache2", "-t", "-f", str(tmp_path / "apache.conf"))


@EVERY_PROFILE
def test_haproxy(name: str, certificates: Certificates, tmp_path: Path) -> None:
    said = _lines("HAProxy", DEMANDS[name], {Topic.SCHEMES})
    identity = certificates.rsa
    (tmp_path / "both.pem").write_bytes(
        identity.chain_file.read_bytes() + identity.key_file.read_bytes()
    )
    parts = {
        part: [line for place, line in said if place.startswith(start) and line[0] != "#"]
        for part, start in _HAPROXY_PLACES.items()
    }
    (tmp_path / "haproxy.cfg").write_text(
        "\n  ".join(["global", *parts["global"]])
        + "\ndefaults\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n"
        + f"frontend zoo\n  bind 127.0.0.1:1 ssl crt both.pem {' '.join(parts['bind'])}\n  "
        + "\n  ".join([*parts["frontend"], "http-request return status 200"])
        + "\n"
    )
    _check(tmp_path, "haproxy", "-c", "-f", "haproxy.cfg")


@pytest.mark.parametrize("port", [443, 8443])
def test_haproxy_accepts_a_redirect_to_any_port(port: int, tmp_path: Path) -> None:
    demands = replace(DEMANDS["rfc9325"], https_port=port)
    (kind,) = (kind for kind in SERVERS if kind.name == "HAProxy")
    (lines,) = (one.lines for one in kind.write(demands) if one.topic is Topic.REDIRECT)
    (tmp_path / "haproxy.cfg").write_text(
        "defaults\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n"
        + "\n  ".join(["frontend zoo", "bind 127.0.0.1:1", *lines])
        + "\n"
    )
    _check(tmp_path, "haproxy", "-c", "-f", "haproxy.cfg")


@EVERY_PROFILE
def test_caddy(name: str, certificates: Certificates, tmp_path: Path) -> None:
    said = _lines("Caddy", DEMANDS[name])
    inside = "\n".join(line for place, line in said if "inside" in place)
    site = "\n".join(line for place, line in said if "inside" not in place)
    identity = certificates.rsa
    (tmp_path / "Caddyfile").write_text(
        f"https://zoo.test {{\ntls {identity.chain_file} {identity.key_file} {{\n{inside}\n}}\n"
        f"{site}\n}}\n"
    )
    _check(tmp_path, "caddy", "validate", "--config", "Caddyfile", "--adapter", "caddyfile")


@EVERY_PROFILE
def test_dovecot(name: str, tmp_path: Path) -> None:
    lines = "\n".join(line for _, line in _lines("Dovecot", DEMANDS[name]))
    (tmp_path / "dovecot.conf").write_text(f"{lines}\n")
    _check(tmp_path, "doveconf", "-c", str(tmp_path / "dovecot.conf"), "-n")


@EVERY_PROFILE
def test_postfix(name: str, tmp_path: Path) -> None:
    lines = [line for _, line in _lines("Postfix", DEMANDS[name])]
    (tmp_path / "main.cf").write_text("\n".join(["compatibility_level = 3.6", *lines, ""]))
    (tmp_path / "master.cf").touch()
    done = subprocess.run(
        ["postconf", "-c", str(tmp_path), "-n"],
        check=True,
        capture_output=True,
        text=True,
        env=ENVIRONMENT_OF_SERVERS,
    )
    assert "unused parameter" not in done.stderr
    names = {line.partition(" =")[0] for line in lines if not line.startswith("#")}
    assert names <= {line.partition(" =")[0] for line in done.stdout.splitlines()}
