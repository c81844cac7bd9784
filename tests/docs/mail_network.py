"""The mail of the pages: ``example.com`` has an MTA-STS policy, ``example.net`` has nothing; both have one mail server.

Unbound answers for their names at port 53 of loopback. It does not validate: no zone here is signed.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from service.demo.authority import Issued

MAIL_HOST: Final = ("mail.example.com", "127.1.0.9")
POLICY_HOST: Final = ("mta-sts.example.com", "127.1.0.10")
POLICY: Final = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmax_age: 604800\r\n"
POLICY_PAGE: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    % (len(POLICY), POLICY)
)
RESOLV_CONF: Final = "nameserver 127.0.0.1\n"
_DATA: Final = (
    "example.com. MX 10 mail.example.com.",
    "example.net. MX 10 mail.example.com.",
    "mail.example.com. A 127.1.0.9",
    "mta-sts.example.com. A 127.1.0.10",
    '_mta-sts.example.com. TXT "v=STSv1; id=20261201;"',
)
_UNBOUND: Final = """\
server:
    interface: 127.0.0.1
    do-ip6: no
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{directory}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    verbosity: 1
    local-zone: "." static
{data}
remote-control:
    control-enable: no
"""


@asynccontextmanager
async def mail_servers(
    directory: Path, issued: Issued, intermediate: Issued
) -> AsyncIterator[None]:
    """The name server and the mail server, while the context lasts."""
    chain = directory / "mail.pem"
    chain.write_bytes(
        issued.private_key_pem() + issued.certificate_pem() + intermediate.certificate_pem()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    configuration = directory / "unbound.conf"
    data = "\n".join(f"    local-data: '{line}'" for line in _DATA)
    configuration.write_text(_UNBOUND.format(directory=directory, data=data))
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    server = await asyncio.create_subprocess_exec(
        *("unbound", "-d", "-c", str(configuration)),
        env={**os.environ, "PATH": path},
        stderr=asyncio.subprocess.PIPE,
    )
    assert server.stderr is not None
    try:
        await server.stderr.readuntil(b"start of service")
        async with await asyncio.start_server(partial(_smtp, context), MAIL_HOST[1], 25):
            yield
    finally:
        server.terminate()
        await server.wait()


async def _smtp(
    context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Enough of RFC 5321 and RFC 3207 for a visit."""
    try:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        while line := (await reader.readline()).upper():
            if line.startswith(b"EHLO"):
                writer.write(b"250-mail.example.com\r\n250 STARTTLS\r\n")
            elif line.startswith(b"STARTTLS"):
                writer.write(b"220 go ahead\r\n")
                await writer.drain()
                await writer.start_tls(context)
            elif line.startswith(b"QUIT"):
                break
            else:
                writer.write(b"502 not implemented\r\n")
            await writer.drain()
    except (OSError, ValueError):
        pass  # The visit resets connections, and sends long lines.
    finally:
        writer.close()
