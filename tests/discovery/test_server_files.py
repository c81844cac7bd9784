"""Configuration files that the real servers accept, and the targets found in them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery.server_files.apache import read_apache
from discovery.server_files.caddy import read_caddy
from discovery.server_files.haproxy import read_haproxy
from discovery.server_files.nginx import read_nginx
from discovery.server_files.source import FileReader, ServerFiles, read_server_files
from discovery.source import SourceError
from model.target import Target
from tests.discovery.declared import declared_certificates, declared_protocols
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
    assert declared_certificates(seen[0]) == sha256_of(certificates.rsa.chain_file)
    assert declared_protocols(seen[0]) == "TLSv1.3"
    assert {claim.source for claim in seen[0].claims} == {"nginx"}
    assert not declared_certificates(seen[2])


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
    assert declared_certificates(seen[0]) == sha256_of(identity.chain_file)
    assert declared_protocols(seen[0]) == "TLSv1.2,TLSv1.3"


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
async def test_caddy_by_its_caddyfile_and_by_its_json(tmp_path: Path) -> None:
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
async def test_a_caddyfile_with_unbalanced_braces_is_reported(text: str, tmp_path: Path) -> None:
    path = tmp_path / "Caddyfile"
    path.write_text(text)
    with pytest.raises(SourceError, match="brace"):
        await found(read_caddy, "caddy", path)


@pytest.mark.parametrize("reader", [read_nginx, read_haproxy, read_apache, read_caddy])
async def test_a_missing_file_is_reported(reader: FileReader, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.conf"):
        await found(reader, "x", tmp_path / "none.conf")


async def test_a_broken_file_is_reported_with_its_line(tmp_path: Path) -> None:
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


async def reading_of(reader: FileReader, kind: str, *paths: Path) -> tuple[list[str], list[str]]:
    files = ServerFiles(reader=reader, kind=kind, paths=paths, host="gateway.test")
    reading = await read_server_files(files, "files")
    return keys(reading.targets), list(map(str, reading.skipped))


async def test_nginx_stream_and_mail(tmp_path: Path) -> None:
    """Debian's nginx has both as modules that are not installed here; its documentation has these directives."""
    path = tmp_path / "nginx.conf"
    path.write_text(
        """\
stream {
    server { listen 5432 ssl; proxy_pass 127.0.0.1:1; }
    server { listen 443; ssl_preread on; proxy_pass $name; }
    server { listen 127.0.0.1:6379; proxy_pass 127.0.0.1:1; }
}
mail {
    server_name mail.test;
    starttls on;
    server { listen 143; protocol imap; }
    server { listen 110; }
    server { listen 587; protocol smtp; }
    server { listen 2525; protocol smtp; starttls off; }
    server { listen 993 ssl; protocol imap; starttls off; }
}
"""
    )
    found, skipped = await reading_of(read_nginx, "nginx", path)
    assert found == [
        "tls://gateway.test:5432",
        "gateway.test:143",
        "gateway.test:110",
        "gateway.test:587",
        "gateway.test:993",
    ]
    assert skipped == [
        f"{path}, line 3: listen 443 passes TLS on by server name (ssl_preread): list the names in a targets file"
    ]


async def test_the_default_block_is_asked_without_a_name_where_another_block_has_the_host_s(
    tmp_path: Path,
) -> None:
    path = tmp_path / "nginx.conf"
    path.write_text(
        """\
http {
    server { listen 443 ssl default_server; server_name _; }
    server { listen 443 ssl; server_name *.test; }
    server { listen 8443 ssl default_server; server_name _; }
}
"""
    )
    found, skipped = await reading_of(read_nginx, "nginx", path)
    assert found == ["gateway.test:443?server_name=", "gateway.test:8443"]
    assert "line 3: the block for *.test" in skipped[0]


async def test_one_haproxy_has_several_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "haproxy.cfg").write_text(
        "global\n  ssl-default-bind-options ssl-min-ver TLSv1.3\n"
    )
    (tmp_path / "conf.d" / "1.cfg").write_text("frontend a\n  bind :443 ssl\n")
    (tmp_path / "conf.d" / "2.txt").write_text("frontend b\n  bind :444 ssl\n")
    paths = [tmp_path / "haproxy.cfg", tmp_path / "conf.d"]
    files = ServerFiles(reader=read_haproxy, kind="haproxy", paths=paths, host="gateway.test")
    (target,) = (await read_server_files(files, "files")).targets
    assert (target.key, declared_protocols(target)) == ("gateway.test:443", "TLSv1.3")
    (claim,) = target.claims
    assert claim.resource == f"{tmp_path / 'conf.d' / '1.cfg'}, line 2"


async def test_a_certificate_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "nginx.conf"
    path.write_text("http { server { listen 443 ssl; ssl_certificate none.pem; } }\n")
    found, skipped = await reading_of(read_nginx, "nginx", path)
    assert found == ["gateway.test:443"]
    assert f"the certificate {tmp_path}/none.pem cannot be read here (No such file" in skipped[0]


async def test_apache_files_that_name_a_missing_file_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "apache.conf"
    path.write_text("# first\nInclude none.conf\n")
    with pytest.raises(SourceError, match=r"line 2: .*none\.conf cannot be read"):
        await found(read_apache, "apache", path)


async def test_caddy_with_the_proxy_protocol_and_layer4(tmp_path: Path) -> None:
    path = tmp_path / "Caddyfile"
    path.write_text(
        "{\n\tservers {\n\t\tlistener_wrappers {\n\t\t\tproxy_protocol {\n\t\t\t\ttimeout 2s\n\t\t\t}\n"
        "\t\t\ttls\n\t\t}\n\t}\n\tlayer4 {\n\t}\n}\na.test {\n\tbind unix//run/x.sock\n}\nb.test {\n}\n"
        "{$DISCO_UNSET} {\n}\nimport none.conf\nimport {$DISCO_UNSET}/*\n"
    )
    files = ServerFiles(reader=read_caddy, kind="caddy", paths=[path], host="gateway.test")
    reading = await read_server_files(files, "files")
    (target,) = reading.targets
    assert (target.key, target.labels["proxy_protocol"]) == (
        "gateway.test:443?server_name=b.test",
        "v1",
    )
    skipped = [str(one).removeprefix(f"{path}, ") for one in reading.skipped]
    assert skipped == [
        "line 20: import none.conf: no such file or snippet",
        "line 21: import {$DISCO_UNSET}/*: the variable DISCO_UNSET is not set in tlsprobe's environment",
        "line 10: layer4 is not read: list its servers in a targets file",
        "line 13: bind unix//run/x.sock is not an address of TCP: list it in a targets file",
        "line 18: the address {$DISCO_UNSET} has a variable that is not set in tlsprobe's environment",
    ]


async def test_caddy_s_servers_have_the_proxy_protocol_for_their_listener_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "Caddyfile"
    path.write_text(
        "{\n\tservers :8443 {\n\t\tlistener_wrappers {\n\t\t\tproxy_protocol\n\t\t\ttls\n\t\t}\n\t}\n}\n"
        "a.test {\n}\nb.test:8443 {\n}\n"
    )
    assert [
        ("proxy_protocol" in one.labels, one.port) for one in await found(read_caddy, "caddy", path)
    ] == [(False, 443), (True, 8443)]


async def test_caddy_s_app_layer4_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "caddy.json"
    path.write_text('{"apps": {"http": {"servers": {}}, "layer4": {"servers": {}}}}')
    assert (await reading_of(read_caddy, "caddy", path))[1] == [
        f"{path}: the app layer4 is not read: list its servers in a targets file"
    ]


async def test_a_quic_listener_is_not_a_socket_of_tcp(tmp_path: Path) -> None:
    """nginx' documentation of HTTP/3: `listen 8443 quic reuseport; listen 8443 ssl;`; Debian's nginx has no QUIC."""
    path = tmp_path / "nginx.conf"
    path.write_text(
        """\
http {
    server { server_name a.test; listen 8443 quic reuseport; listen 8443 ssl; }
    server { server_name b.test; listen 8443 quic default_server; }
    server { server_name c.test; listen 8443 ssl; }
}
"""
    )
    found, skipped = await reading_of(read_nginx, "nginx", path)
    assert found == [
        "gateway.test:8443?server_name=a.test",
        "gateway.test:8443?server_name=c.test",
    ]
    assert skipped == [f"{path}, line 3: listen 8443 is for QUIC only, without TLS over TCP"]


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("localhost", ["127.0.0.1:1", "[::1]:2", "localhost:3"]),
        ("127.0.0.1", ["127.0.0.1:1", "127.0.0.1:3"]),
        ("2001:db8::1", ["[2001:db8::1]:2", "[2001:db8::1]:3"]),
        ("gateway.test", ["gateway.test:1", "gateway.test:2", "gateway.test:3"]),
    ],
)
async def test_a_socket_of_one_family_is_probed_at_an_address_of_this_family(
    host: str, found: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "nginx.conf"
    listens = "listen 1 ssl; listen [::]:2 ssl; listen 3 ssl; listen [::]:3 ssl;"
    path.write_text(f"http {{ server {{ server_name _; {listens} }} }}")
    files = ServerFiles(reader=read_nginx, kind="nginx", paths=[path], host=host)
    reading = await read_server_files(files, "files")
    assert keys(reading.targets) == found
    assert len(reading.targets) + len(reading.skipped) == 3


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (read_nginx, b"# caf\xe9\x0clisten\nhttp { server { listen 443 ssl; } }\n"),
        (read_haproxy, b"# caf\xe9\x0cbind :1 ssl\r\nfrontend a\r\n  bind :443 ssl\r\n"),
        (
            read_apache,
            b"# caf\xe9\x0cListen 1\r\nListen 443\r\n<VirtualHost *:443>\r\nSSLEngine on\r\n</VirtualHost>\r\n",
        ),
        (read_caddy, b"# caf\xe9\x0cx.test\r\ngateway.test {\r\n}\r\n"),
    ],
)
async def test_a_comment_that_is_not_utf_8_or_has_a_form_feed_changes_nothing(
    reader: FileReader, text: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "any.conf"
    path.write_bytes(text)
    assert await reading_of(reader, "x", path) == (["gateway.test:443"], [])


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (read_nginx, "http {\n  include folder/*.conf;\n}\n"),
        (read_apache, "Listen 1\nIncludeOptional folder/*.conf\n"),
        (read_caddy, "a.test {\n  import folder/*.conf\n}\n"),
    ],
)
async def test_a_folder_that_cannot_be_listed_is_reported(
    reader: FileReader, text: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").write_text("a file, whose entries not even root can list")
    path = tmp_path / "any.conf"
    path.write_text(text)
    (skipped,) = (await reading_of(reader, "x", path))[1]
    assert skipped == (
        f"{path}, line 2: {tmp_path}/folder/*.conf is not included, because {tmp_path}/folder cannot be listed "
        "(Not a directory)"
    )


async def test_what_apache_includes_by_an_unknown_variable_or_a_name_is_reported(
    tmp_path: Path,
) -> None:
    path = tmp_path / "apache.conf"
    path.write_text(
        "Listen 1\nIncludeOptional ${DISCO_UNSET}/*.conf\n<IfDefine SSL>\nInclude ssl.conf\n</IfDefine>\n"
    )
    skipped = (await reading_of(read_apache, "apache", path))[1]
    unknown = (
        "because the variable DISCO_UNSET is not set in the files or in tlsprobe's environment"
    )
    assert skipped == [
        f"{path}, line 2: includeoptional {tmp_path}/${{DISCO_UNSET}}/*.conf is not included, {unknown}",
        f"{path}, line 3: <IfDefine SSL> is left out, because no file defines SSL: add `Define SSL`",
    ]


async def test_what_apache_reads_without_a_module_is_reported_where_no_modules_are_known(
    tmp_path: Path,
) -> None:
    path = tmp_path / "site.conf"
    path.write_text("Listen 443\n<IfModule !mod_nss.c>\nSSLEngine on\n</IfModule>\n")
    assert (await reading_of(read_apache, "apache", path))[1] == [
        f"{path}, line 2: <IfModule !mod_nss.c> is left out, because no LoadModule says which modules are loaded"
    ]


@pytest.mark.parametrize(
    ("reader", "line"),
    [(read_nginx, "include {path};\n"), (read_caddy, "import {path}\n")],
)
async def test_files_that_include_themselves_end(
    reader: FileReader, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "loop.conf"
    path.write_text(line.format(path=path))
    with pytest.raises(SourceError, match=r"included too deeply|too many imports"):
        await found(reader, "x", path)


async def test_a_line_after_an_include_of_nginx_is_of_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "tls.inc").write_text("ssl_protocols TLSv1.3;\n")
    path = tmp_path / "nginx.conf"
    path.write_text("http {\n server {\n  include tls.inc;\n  listen unix:/x ssl;\n }\n}\n")
    (skipped,) = (await reading_of(read_nginx, "nginx", path))[1]
    assert skipped.startswith(f"{path}, line 4: ")


async def test_text_that_nginx_refuses_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "nginx.conf"
    for text in ("include;\n", "a {" * 3000):
        path.write_text(text)
        with pytest.raises(SourceError, match=r"nginx\.conf"):
            await found(read_nginx, "nginx", path)


@settings(max_examples=100)
@given(
    kind=st.sampled_from(["nginx", "haproxy", "apache", "caddy"]),
    text=st.text(max_size=200) | st.text(" \n\"'`{}#\\$[]<>/;:*,-ablistenservr.1443", max_size=80),
)
async def test_any_text_is_targets_or_one_error(
    kind: str, text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any-{kind}.conf"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    readers = {
        "nginx": read_nginx,
        "haproxy": read_haproxy,
        "apache": read_apache,
        "caddy": read_caddy,
    }
    with suppress(SourceError):
        await reading_of(readers[kind], kind, path)
