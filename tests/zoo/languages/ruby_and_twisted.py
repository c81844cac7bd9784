"""WEBrick, Puma and Twisted: web servers that use Debian's OpenSSL through their language's binding.

WEBrick changes nothing of OpenSSL's defaults except the field for DHE, which is the default of Ruby's binding
(DEFAULT_2048 in its openssl/ssl.rb). Puma has ``HIGH:!aNULL@STRENGTH``, its own order and automatic fields
(sslctx_initialize in its ext/puma_http11/mini_ssl.c). Twisted has its own order, a list of its own
(defaultCiphers in its internet/_sslverify.py), no DHE unless parameters are configured, and the ALPN id of
HTTP/1.1 alone without a library for HTTP/2 (twisted.web's Site).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.verdict import Preference
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_settings import OpensslSettings
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer

_WEBRICK = Path(__file__).with_name("webrick_server.rb")
_RACK_APPLICATION = 'run ->(_) { [200, { "content-type" => "text/plain" }, ["zoo"]] }\n'


@contextmanager
def _webrick(certificates: Certificates, directory: Path) -> Iterator[int]:
    one = certificates.rsa
    command = Command(
        arguments=["ruby", str(_WEBRICK), str(one.chain_file), str(one.key_file)],
        ready=r"^listening on (\d+)$",
        environment=ENVIRONMENT,
    )
    with running(command, directory) as ready:
        yield int(ready[1])


@contextmanager
def _puma(certificates: Certificates, directory: Path) -> Iterator[int]:
    one, port = certificates.rsa, free_port()
    application = directory / "config.ru"
    application.write_text(_RACK_APPLICATION)
    address = f"ssl://127.0.0.1:{port}?cert={one.chain_file}&key={one.key_file}"
    command = Command(
        arguments=["puma", "--environment", "production", "--bind", address, str(application)],
        ready="Use Ctrl-C to stop",
        environment=ENVIRONMENT,
    )
    with running(command, directory):
        yield port


@contextmanager
def _twisted(certificates: Certificates, directory: Path) -> Iterator[int]:
    one, port = certificates.rsa, free_port()
    endpoint = ":".join(
        (
            *("ssl", str(port), "interface=127.0.0.1"),
            f"certKey={one.leaf_file}",
            f"extraCertChain={certificates.intermediate_file}",
            f"privateKey={one.key_file}",
        )
    )
    web = ["web", "--listen", endpoint, "--path", str(directory)]
    command = Command(
        arguments=["twistd3", "--nodaemon", "--pidfile=", *web],
        ready="Site.* starting on",
        environment=ENVIRONMENT,
    )
    with running(command, directory):
        yield port


RUBY_AND_TWISTED_SERVERS = (
    ZooServer(
        name="webrick-defaults",
        start=_webrick,
        truth=OpensslSettings(fields=frozenset({"Ruby openssl 2048-bit"})).truth,
    ),
    ZooServer(
        name="puma-defaults",
        start=_puma,
        truth=OpensslSettings(
            ciphers="HIGH:!aNULL@STRENGTH",
            preference=Preference.SERVER,
            has_automatic_fields=True,
        ).truth,
    ),
    ZooServer(
        name="twisted-defaults",
        start=_twisted,
        truth=OpensslSettings(
            ciphers=(
                "ECDH+AESGCM:ECDH+CHACHA20:DH+AESGCM:DH+CHACHA20:ECDH+AES256:DH+AES256:"
                "ECDH+AES128:DH+AES:RSA+AESGCM:RSA+AES:!aNULL:!MD5:!DSS"
            ),
            preference=Preference.SERVER,
            alpn=frozenset({"http/1.1"}),
        ).truth,
    ),
)
