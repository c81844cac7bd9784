"""Six real servers with weak TLS, each configured by lines that a remediation can replace.

A line's first word, and the text between it and the value, identify the setting. A remediation's lines
replace those of the same setting, and the rest is added, as an operator would do it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.probe.starttls.home import home
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running

_OPENSSL_AND_PATH = {
    **ENVIRONMENT,
    "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin",
}
ENVIRONMENT_OF_SERVERS = {**os.environ, **_OPENSSL_AND_PATH}
"""The environment of servers and their checkers, which are in directories for root."""

_WEAK_SUITES = "ALL:@SECLEVEL=0"
_RSA_SUITES = "AES128-SHA:AES256-SHA:@SECLEVEL=0"

Start = Callable[[Sequence[str], Certificates, Path], AbstractContextManager[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakServer:
    """``label`` names its kind in a target's labels, ``weak`` are its lines about TLS.

    ``without_ecdhe`` are lines that allow TLS 1.0 to 1.2 with RSA key exchange alone, so that no group is in use.
    ``protocol`` is set for servers that start in plaintext.
    """

    label: str
    start: Start
    weak: tuple[str, ...]
    without_ecdhe: tuple[str, ...] = ()
    protocol: str = "tls"


def applied(weak: Sequence[str], remedy: Sequence[str]) -> tuple[str, ...]:
    """``weak`` with the lines of ``remedy`` in place of those about the same setting."""
    lines = [line for line in remedy if not line.startswith("#")]
    replaced = {_setting(line) for line in lines}
    return (*(line for line in weak if _setting(line) not in replaced), *lines)


def _setting(line: str) -> str:
    words = line.split()
    if words[:2] == ["SSLCipherSuite", "TLSv1.3"] or words[0] == "ssl_conf_command":
        return " ".join(words[:2])
    return words[0].partition("=")[0]


_NGINX = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port} ssl backlog=512;
        return 200 "weak";
        ssl_certificate {chain};
        ssl_certificate_key {key};
        {lines}
    }}
}}
"""


@contextmanager
def _nginx(lines: Sequence[str], certificates: Certificates, directory: Path) -> Iterator[int]:
    port = free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(
        _NGINX.format(
            port=port,
            chain=certificates.rsa.chain_file,
            key=certificates.rsa.key_file,
            lines="\n        ".join(lines),
        )
    )
    command = Command(
        arguments=["nginx", "-p", str(directory), "-c", str(configuration), "-e", "stderr"],
        ready=r"start worker process \d",
        environment=_OPENSSL_AND_PATH,
    )
    with running(command, directory):
        yield port


_APACHE = """\
ServerRoot {directory}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule ssl_module {modules}/mod_ssl.so
Listen 127.0.0.1:{port}
ServerName zoo.test
PidFile apache.pid
ErrorLog /dev/stderr
User nobody
Group nogroup
SSLEngine on
SSLCertificateFile {chain}
SSLCertificateKeyFile {key}
{lines}
"""


@contextmanager
def _apache(lines: Sequence[str], certificates: Certificates, directory: Path) -> Iterator[int]:
    port = free_port()
    configuration = directory / "apache.conf"
    configuration.write_text(
        _APACHE.format(
            directory=directory,
            modules="/usr/lib/apache2/modules",
            port=port,
            chain=certificates.rsa.chain_file,
            key=certificates.rsa.key_file,
            lines="\n".join(lines),
        )
    )
    command = Command(
        arguments=["apache2", "-D", "FOREGROUND", "-f", str(configuration)],
        ready=r"resuming normal operations",
        environment=_OPENSSL_AND_PATH,
    )
    with running(command, directory):
        yield port


_HAPROXY = """\
global
    {globals}
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend weak
    bind fd@{descriptor} ssl crt {both} {bind}
    {frontend}
    http-request return status 200
"""
_IN_FRONTEND = ("http-after-response", "http-request")


@contextmanager
def _haproxy(lines: Sequence[str], certificates: Certificates, directory: Path) -> Iterator[int]:
    both = directory / "both.pem"
    identity = certificates.rsa
    both.write_bytes(identity.chain_file.read_bytes() + identity.key_file.read_bytes())
    in_global = [line for line in lines if line.startswith("ssl-default-bind")]
    in_frontend = [line for line in lines if line.startswith(_IN_FRONTEND)]
    on_bind = [line for line in lines if line not in in_global and line not in in_frontend]
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        configuration = directory / "haproxy.cfg"
        configuration.write_text(
            _HAPROXY.format(
                globals="\n    ".join(in_global),
                descriptor=listener.fileno(),
                both=both,
                bind=" ".join(on_bind),
                frontend="\n    ".join(in_frontend),
            )
        )
        command = Command(
            arguments=["haproxy", "-db", "-V", "-f", str(configuration)],
            ready=r"^Using \w+\(\) as the polling mechanism",
            environment=_OPENSSL_AND_PATH,
            inherited_descriptors=[listener.fileno()],
        )
        with running(command, directory):
            yield listener.getsockname()[1]


_POSTFIX_DAEMONS = "/usr/lib/postfix/sbin"
_POSTFIX_MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = /dev/stdout
maillog_file_prefixes = /dev
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_banner = zoo.test ESMTP
smtpd_tls_chain_files = {both}
smtpd_tls_session_cache_database =
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
{lines}
"""
_POSTFIX_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
postlog unix-dgram n - n - 1 postlogd
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
cleanup unix n - n - 0 cleanup
proxymap unix - - n - - proxymap
"""


@contextmanager
def _postfix(lines: Sequence[str], certificates: Certificates, directory: Path) -> Iterator[int]:
    """Postfix's master as ``postfix start-fg`` runs it, with a queue of its own, and stoppable."""
    port = free_port()
    # Its processes run as `postfix`, which may not enter pytest's directories.
    home = Path(tempfile.mkdtemp(prefix="tlsprobe-postfix-"))
    home.chmod(0o755)
    try:
        both = home / "both.pem"
        identity = certificates.rsa
        both.write_bytes(identity.key_file.read_bytes() + identity.chain_file.read_bytes())
        for name in ("queue", "data"):
            (home / name).mkdir()
        os.chown(home / "data", pwd.getpwnam("postfix").pw_uid, -1)
        (home / "main.cf").write_text(
            _POSTFIX_MAIN.format(directory=home, both=both, lines="\n".join(lines))
        )
        (home / "master.cf").write_text(_POSTFIX_MASTER.format(port=port))
        (home / "dynamicmaps.cf").touch()
        # It makes the queue's directories; its remarks about them go to its log.
        subprocess.run(
            ["postfix", "-c", str(home), "check"],
            check=True,
            capture_output=True,
            env=ENVIRONMENT_OF_SERVERS,
        )
        command = Command(
            arguments=[f"{_POSTFIX_DAEMONS}/master", "-s", "-c", str(home)],
            ready=r"daemon started",
            environment=_OPENSSL_AND_PATH | {"MAIL_CONFIG": str(home)},
        )
        with running(command, directory):
            yield port
    finally:
        shutil.rmtree(home)


_DOVECOT = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = /dev/stderr
protocols = imap
mail_location = maildir:{directory}/mail
default_internal_user = dovecot
default_login_user = dovenull
default_internal_group = dovecot
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
passdb {{
  driver = static
  args = nopassword=y
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {port}
    ssl = yes
  }}
  service_count = 0
  process_min_avail = 1
}}
service stats {{
  client_limit = 1024
}}
{lines}
"""


@contextmanager
def _dovecot(lines: Sequence[str], certificates: Certificates, directory: Path) -> Iterator[int]:
    port = free_port()
    # The path of a socket file is limited to about a hundred bytes; pytest's directories are longer.
    home = Path(tempfile.mkdtemp(prefix="tlsprobe-dovecot-"))
    home.chmod(0o755)
    try:
        configuration = home / "dovecot.conf"
        configuration.write_text(
            _DOVECOT.format(
                directory=home,
                chain=certificates.rsa.chain_file,
                key=certificates.rsa.key_file,
                port=port,
                lines="\n".join(lines),
            )
        )
        command = Command(
            arguments=["dovecot", "-F", "-c", str(configuration)],
            ready=r"Dovecot .* starting up",
            environment=_OPENSSL_AND_PATH,
        )
        with running(command, directory):
            yield port
    finally:
        shutil.rmtree(home)


_POSTGRESQL_PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
_POSTGRESQL = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{directory}'
fsync = off
ssl = on
ssl_cert_file = '{chain}'
ssl_key_file = '{key}'
{lines}
"""


@contextmanager
def _postgresql(lines: Sequence[str], certificates: Certificates, _: Path) -> Iterator[int]:
    port = free_port()
    with home(certificates) as own:
        cluster = own.directory / "cluster"
        subprocess.run(
            [_POSTGRESQL_PROGRAMS / "initdb", "--no-sync", "-U", "owner", "-D", cluster],
            check=True,
            capture_output=True,
            user=own.user,
            cwd=own.directory,
            env=ENVIRONMENT_OF_SERVERS | {"LC_ALL": "C"},
        )
        own.write(
            "cluster/postgresql.conf",
            _POSTGRESQL.format(
                port=port,
                directory=own.directory,
                chain=own.chain,
                key=own.key,
                lines="\n".join(lines),
            ),
        )
        with own.running(
            _POSTGRESQL_PROGRAMS / "postgres",
            "-D",
            cluster,
            ready="ready to accept connections",
            environment=ENVIRONMENT,
        ):
            yield port


WEAK_SERVERS = (
    WeakServer(
        label="nginx",
        start=_nginx,
        weak=(
            "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;",
            f"ssl_ciphers {_WEAK_SUITES};",
            "ssl_ecdh_curve X25519:prime256v1:secp521r1;",
        ),
        without_ecdhe=("ssl_protocols TLSv1 TLSv1.1 TLSv1.2;", f"ssl_ciphers {_RSA_SUITES};"),
    ),
    WeakServer(
        label="apache",
        start=_apache,
        weak=(
            "SSLProtocol all",
            f"SSLCipherSuite {_WEAK_SUITES}",
            "SSLOpenSSLConfCmd Groups X25519:prime256v1:secp521r1",
        ),
        without_ecdhe=("SSLProtocol all -TLSv1.3", f"SSLCipherSuite {_RSA_SUITES}"),
    ),
    WeakServer(
        label="haproxy",
        start=_haproxy,
        weak=(
            "ssl-default-bind-options ssl-min-ver TLSv1.0",
            f"ssl-default-bind-ciphers {_WEAK_SUITES}",
            "curves X25519:prime256v1:secp521r1",
        ),
        without_ecdhe=(
            "ssl-default-bind-options ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.2",
            f"ssl-default-bind-ciphers {_RSA_SUITES}",
        ),
    ),
    WeakServer(
        label="postfix",
        start=_postfix,
        weak=(
            "smtpd_tls_mandatory_protocols = >=TLSv1",
            "smtpd_tls_protocols = >=TLSv1",
            "smtpd_tls_security_level = encrypt",
            "smtpd_tls_mandatory_ciphers = medium",
            f"tls_medium_cipherlist = {_WEAK_SUITES}",
            "tls_eecdh_auto_curves = X25519, prime256v1, secp521r1",
        ),
    ),
    WeakServer(
        label="dovecot",
        start=_dovecot,
        weak=(
            "ssl_min_protocol = TLSv1",
            f"ssl_cipher_list = {_WEAK_SUITES}",
            "ssl_curve_list = X25519:prime256v1:secp521r1",
        ),
    ),
    WeakServer(
        label="postgresql",
        protocol="postgres",
        start=_postgresql,
        weak=(
            "ssl_min_protocol_version = 'TLSv1'",
            f"ssl_ciphers = '{_WEAK_SUITES}'",
            "ssl_ecdh_curve = 'secp521r1'",
        ),
    ),
)
