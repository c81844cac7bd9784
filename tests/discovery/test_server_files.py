"""Configuration files that the real servers accept, and the targets found in them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from discovery.server_files.apache import read_apache
from discovery.server_files.caddy import read_caddy
from discovery.server_files.haproxy import read_haproxy
from discovery.server_files.nginx import read_nginx
from discovery.server_files.source import FileReader, ServerFiles, read_server_files
from discovery.source import SourceError
from model.target import Target
from tests.zoo.certificates import Certificates

ENVIRONMENT = {
    **os.environ,
    "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin",
}


def checked(*command: str | Path) -> str:
    """Checks the file with the server itself; returns its standard output."""
    said = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


async def found(reader: FileReader, kind: str, path: Path) -> tuple[Target, ...]:
    files = ServerFiles(reader=reader, kind=kind, paths=[path], host="gateway.test")
    return (await read_server_files(files, "files")).targets


def sha256_of(chain: Path) -> str:
    """The hash of the leaf, read by a PEM reader other than ours."""
    leaf = x509.load_pem_x509_certificates(chain.read_bytes())[0]
    return leaf.fingerprint(hashes.SHA256()).hex()


def keys(targets: Sequence[Target]) -> list[str]:
    return [target.key for target in targets]


@pytest.mark.integration
async def test_nginx_with_includes(certificates: Certificates, tmp_path: Path) -> None:
    chain, key = certificates.rsa.chain_file, certificates.rsa.key_file
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "a.conf").write_text(
        f"""
server {{
    listen 10443 ssl default_server;
    listen [::1]:18443 ssl;
    listen 10080;
    server_name a.test *.b.test ~^x;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
}}
"""
    )
    path = tmp_path / "nginx.conf"
    path.write_text(
        f"""
pid {tmp_path}/pid;
error_log stderr;
events {{}}
http {{ access_log off; ssl_protocols TLSv1.2 TLSv1.3; include sites/*.conf; }}
"""
    )
    checked("nginx", "-t", "-p", tmp_path, "-c", path)
    # Debian's nginx accepts this one only with a module that is not installed here.
    stream = "stream { server { listen 127.0.0.1:15432 ssl; proxy_pass 127.0.0.1:1; } }\n"
    path.write_text(path.read_text() + stream)
    seen = await found(read_nginx, "nginx", path)
    assert keys(seen) == [
        "gateway.test:10443?server_name=a.test",
        "[::1]:18443?server_name=a.test",
        "127.0.0.1:15432",
    ]
    assert seen[0].labels["__meta_nginx_ssl_protocols"] == "TLSv1.3"
    assert seen[0].labels["__meta_nginx_ssl_certificate"] == str(chain)
    assert seen[0].labels["expected_certificate"] == sha256_of(certificates.rsa.chain_file)
    assert seen[0].labels["expected_protocols"] == "TLSv1.3"
    assert "expected_certificate" not in seen[2].labels


@pytest.mark.integration
async def test_haproxy(certificates: Certificates, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    identity = certificates.rsa
    both.write_bytes(identity.chain_file.read_bytes() + identity.key_file.read_bytes())
    path = tmp_path / "haproxy.cfg"
    path.write_text(
        f"""
defaults
    mode http
    timeout client 1s
    timeout server 1s
    timeout connect 1s
frontend edge  # a comment
    bind *:10443,127.0.0.1:18443 ssl crt {both} ssl-min-ver TLSv1.2 alpn h2,http/1.1
    bind :10080
    http-request return status 200
"""
    )
    checked("haproxy", "-c", "-f", path)
    seen = await found(read_haproxy, "haproxy", path)
    assert keys(seen) == ["gateway.test:10443", "127.0.0.1:18443"]
    assert seen[0].labels["__meta_haproxy_section"] == "edge"
    assert seen[0].labels["__meta_haproxy_ssl_min_ver"] == "TLSv1.2"
    assert seen[0].labels["expected_certificate"] == sha256_of(identity.chain_file)
    assert seen[0].labels["expected_protocols"] == "TLSv1.2,TLSv1.3"


@pytest.mark.integration
async def test_apache_with_includes(certificates: Certificates, tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "a.conf").write_text(
        f"""
<VirtualHost *:10443 127.0.0.1:18443>
    ServerName a.test:10443
    ServerAlias b.test *.c.test
    SSLEngine on
    SSLProtocol -all \\
        +TLSv1.3
    SSLCertificateFile "{certificates.rsa.chain_file}"
    SSLCertificateKeyFile "{certificates.rsa.key_file}"
</VirtualHost>
<VirtualHost *:10080>
    ServerName plain.test
</VirtualHost>
"""
    )
    path = tmp_path / "apache.conf"
    modules = "/usr/lib/apache2/modules"
    path.write_text(
        f"""
ServerRoot {tmp_path}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule ssl_module {modules}/mod_ssl.so
ErrorLog /dev/stderr
ServerName main.test
Listen 10443
Listen 127.0.0.1:18443
Listen 10080
IncludeOptional sites/*.conf
"""
    )
    checked("apache2", "-t", "-f", path)
    seen = await found(read_apache, "apache", path)
    assert keys(seen) == [
        "gateway.test:10443?server_name=a.test",
        "gateway.test:10443?server_name=b.test",
        "127.0.0.1:18443?server_name=a.test",
        "127.0.0.1:18443?server_name=b.test",
    ]
    assert seen[0].labels["__meta_apache_sslprotocol"] == "-all +TLSv1.3"


CADDYFILE = """\
{
    admin off
    auto_https disable_redirects
}
(common) {
    header X-One 1
}
a.test, *.wild.test,
b.test:8443 {
    import common
    respond "a # b"
}
http://plain.test {
    respond "plain"
}
# https://comment.test { }
https://c.test:9443 {
    respond "{braces}"
}
:7443 {
    tls one.pem one.key
    respond "any"
}
:8080 {
    respond "plain"
}
"""


@pytest.mark.integration
async def test_caddy_by_its_file_and_by_what_it_makes_of_it(tmp_path: Path) -> None:
    path = tmp_path / "Caddyfile"
    path.write_text(CADDYFILE)
    adapted = tmp_path / "caddy.json"
    adapted.write_text(checked("caddy", "adapt", "--config", path, "--adapter", "caddyfile"))
    seen = await found(read_caddy, "caddy", path)
    assert sorted(keys(seen)) == sorted(keys(await found(read_caddy, "caddy", adapted)))
    assert keys(seen) == [
        "gateway.test:443?server_name=a.test",
        "gateway.test:8443?server_name=b.test",
        "gateway.test:9443?server_name=c.test",
        "gateway.test:7443",
    ]


async def test_a_caddyfile_of_one_site_needs_no_braces(tmp_path: Path) -> None:
    path = tmp_path / "Caddyfile"
    path.write_text("example.test\nrespond hello\n")
    assert keys(await found(read_caddy, "caddy", path)) == [
        "gateway.test:443?server_name=example.test"
    ]


@pytest.mark.parametrize("text", ["a.test {\n", "}\n"])
async def test_a_caddyfile_with_braces_that_do_not_match_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "Caddyfile"
    path.write_text(text)
    with pytest.raises(SourceError, match="brace"):
        await found(read_caddy, "caddy", path)


@pytest.mark.parametrize("reader", [read_nginx, read_haproxy, read_apache, read_caddy])
async def test_a_file_that_is_not_there_is_told(reader: FileReader, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.conf"):
        await found(reader, "x", tmp_path / "none.conf")


async def test_a_broken_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.conf"
    path.write_text("http {\n  server {\n")
    with pytest.raises(SourceError, match="line 2"):
        await found(read_nginx, "nginx", path)
    path.write_text('frontend x\n  bind "unclosed ssl\n')
    with pytest.raises(SourceError, match="line 2"):
        await found(read_haproxy, "haproxy", path)


async def test_apache_files_that_include_themselves_end(tmp_path: Path) -> None:
    path = tmp_path / "loop.conf"
    path.write_text(f"Include {path}\n")
    with pytest.raises(SourceError, match="included too deep"):
        await found(read_apache, "apache", path)
