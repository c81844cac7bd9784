"""vsftpd: without TLS, with it, and with ``force_local_logins_ssl``; plus implicit TLS.

One process per configuration, in the foreground, and one child per connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_OPTIONS = {
    "off": "ssl_enable=NO",
    "on": "ssl_enable=YES\nforce_local_logins_ssl=NO\nforce_local_data_ssl=NO",
    "required": "ssl_enable=YES",
    "implicit": "ssl_enable=YES\nimplicit_ssl=YES",
}
_CONFIGURATION = """\
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user=YES
anonymous_enable=NO
local_enable=YES
secure_chroot_dir={empty}
rsa_cert_file={chain}
rsa_private_key_file={key}
ssl_tlsv1=NO
ssl_ciphers=ECDHE+AESGCM
require_ssl_reuse=NO
{options}
"""


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    ports = dict(zip(_OPTIONS, free_ports(len(_OPTIONS)), strict=True))
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        own.make("empty")
        for configuration, port in ports.items():
            stack.enter_context(vsftpd(own, _OPTIONS[configuration], port))
        yield ports


@contextmanager
def vsftpd(own: Home, options: str, port: int) -> Iterator[None]:
    """Runs vsftpd with these options on that port."""
    text = _CONFIGURATION.format(
        port=port,
        empty=own.directory / "empty",
        chain=own.chain,
        key=own.key,
        options=options,
    )
    file = own.write(f"{port}.conf", text)
    with own.listening("vsftpd", file, ports=[port]):
        yield


VSFTPD = RealServer(
    name="vsftpd",
    start=_start,
    cases=(
        Case(
            configuration="off",
            protocol="ftp",
            state=State.PLAINTEXT,
            reason="FTP has no AUTH TLS: 530",
            plaintext=verdicts(offered=False, works=False, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="on",
            protocol="ftp",
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=False, login=True, clear=True),
            values={"login_before_tls": "USER"},
        ),
        Case(
            configuration="required",
            protocol="ftp",
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        ),
        Case(configuration="implicit", protocol="ftps"),
        Case(
            configuration="on",
            protocol="smtp",
            state=State.NOT_TLS,
            reason="the server speaks FTP, not SMTP; use the protocol ftp",
            plaintext={
                "answers_in_plaintext": Verdict.UNKNOWN,
                "starttls_works": Verdict.UNKNOWN,
            },
        ),
    ),
)
