"""Spellings of denied or reserved addresses, and names that resolve to them.

Each is a host as a target, a certificate's URL or a source may write it. The resolver of these tests reads
numbers as the system's does and knows the names below; it uses no name server.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

DENY: Final = (
    "127.0.0.0/8",
    "::1",
    "10.0.0.0/8",
    "192.168.0.0/16",
    "denied.test",
    "*.lab.test",
    "bücher.test",
)

LOOPBACK: Final = (
    *("127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.1", "0x7f.1", "0x7f000001"),
    *("2130706433", "017700000001", "0177.0.0.1", "127.0.0.01", "127.0.0.1.", "0x7F.0X0.0.1"),
    *(
        "127。0。0。1",
        "127\uff0e0\uff0e0\uff0e1",
        "\uff11\uff12\uff17.0.0.1",
        "①②⑦.0.0.1",
        "\u0661\u0662\u0667.\u0660.\u0660.\u0661",
        "127｡0｡0｡1",
    ),
    *("127.0.0.1%25lo", "127.0.0.1%lo", "[::1]", "[::1%lo]", "[::1%25lo]"),
    *("[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0.0.0.1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[::ffff:127.0.0.1%1]"),
    *("[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]"),
    *("[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]"),
    *("[64:ff9b:1:7f00:0:100::]", "[64:ff9b:1:7f:0:1::]", "[64:ff9b:1:0:7f:0:100:0]"),
    *("[2002:7f00:1::]", "[2002:7f00:1::1]", "[2001:0:7f00:1::1]", "[2001::80ff:fffe]"),
    *("[fe80::5efe:7f00:1]", "[2606:4700::5efe:127.0.0.1]", "[2606:4700::200:5efe:7f00:1]"),
    *("localhost", "LOCALHOST.", "localhost。", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "localhost.localdomain"),
    *("loop.test", "LOOP.test.", "mapped.test", "six.test", "compat.test", "nat.test", "nat2.test"),
    *("sixto4.test", "teredo.test", "multi.test", "a" * 60 + ".loop.test"),
)

METADATA: Final = (
    *("169.254.169.254", "169.254.170.2", "169.254.170.23", "2852039166", "0xa9fea9fe"),
    *("0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "169.254.43518", "169.16689662"),
    *("169。254。169。254", "\uff11\uff16\uff19.254.169.254", "100.100.100.200", "1684301000"),
    *("168.63.129.16", "192.0.0.192", "[fd00:ec2::254]", "[fd00:ec2::23]", "[fd20:ce::254]"),
    *("[fd00:0ec2:0:0:0:0:0:0254]", "[fd00:42::42]", "[::ffff:169.254.169.254]", "[::a9fe:a9fe]"),
    *("[::ffff:a9fe:a9fe]", "[::ffff:0:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]"),
    *("[64:ff9b:1::a9fe:a9fe]", "[64:ff9b:1:a9fe:a9:fe00::]", "[64:ff9b::169.254.169.254]"),
    *("[2002:a9fe:a9fe::1]", "[2001:0:a9fe:a9fe::1]", "[2001::5601:5601]", "[fe80::a9fe:a9fe]"),
    *("[64:ff9b::100.100.100.200]", "[::ffff:168.63.129.16]", "[2002:a83f:8110::1]"),
    *("meta.test", "mappedmeta.test", "metadata.google.internal"),
)

RESERVED: Final = (
    "0.0.0.0",  # noqa: S104 (what is never connected to)
    *("0", "0.0.0.1", "0x0", "[::]", "[::0]", "[::ffff:0.0.0.0]", "[64:ff9b::]"),
    *("[64:ff9b:1::]", "[2002::]", "169.254.0.1", "[fe80::1]", "[fe80::1%lo]", "[febf::1]"),
    *("[fec0::1]", "[feff::1]", "224.0.0.1", "239.255.255.250", "[ff02::1]", "[ff0e::1]"),
    *("255.255.255.255", "0xffffffff", "4294967295", "240.0.0.1", "[::ffff:224.0.0.1]"),
    *("[::ffff:255.255.255.255]", "[64:ff9b::224.0.0.1]", "192.88.99.1", "192.0.0.8", "[100::1]"),
    *("[3ffe::1]", "[2001:10::1]", "[200::1]", "[4000::1]", "[5f00::1]", "[::8.8.8.8]"),
    *("[::ffff:0:8.8.8.8]", "zero.test", "any6.test"),
)

DENIED: Final = (
    *("10.1.2.3", "167838211", "0xa.1.2.3", "10.66051", "192.168.5.5", "192.168.1285"),
    *("[::ffff:10.9.1.1]", "[::ffff:a09:101]", "[64:ff9b::a09:101]", "[64:ff9b:1::a09:101]"),
    *("[64:ff9b:1:a09:1:100::]", "[2002:a09:101::1]", "[2002:c0a8:505::]", "[::10.9.1.1]"),
    *("[2001:0:a09:101::1]", "[2001::f5f6:fefe]", "[2001:db8::5efe:10.9.1.1]"),
    *("denied.test", "DENIED.test", "denied.test.", "denied。test", "ⓓenied.test", "x.lab.test"),
    *("a.b.lab.test", "X.LAB.TEST.", "BÜCHER.test", "xn--bcher-kva.test", "deniedaddr.test"),
)

PLACES: Final = (*LOOPBACK, *METADATA, *RESERVED, *DENIED)

URLS: Final = (
    *("smtp://127.0.0.1:{port}", "redis://127.0.0.1:{port}", "gopher://127.0.0.1:{port}/x"),
    *("file:///etc/passwd", "unix:/run/x.sock", "unix:///run/x.sock", "unix:./x.sock", "/run/x"),
    *(
        "http://127.0.0.1:{port}/",
        "https:127.0.0.1",
        "//127.0.0.1:{port}",
        "auto://127.0.0.1:{port}",
    ),
    *("tls://127.0.0.1:{port}", "dtls://127.0.0.1:{port}", "dtls://10.1.2.3:443"),
    *("http://10.1.2.3@127.0.0.1:{port}/", "https://10.1.2.3:443@127.0.0.1:{port}/"),
    *("https://127.0.0.1:{port}\\@10.1.2.3/", "https://10.1.2.3\\@127.0.0.1:{port}/"),
    *("https://10.1.2.3#@127.0.0.1:{port}/", "https://127.0.0.1:{port}#@10.1.2.3/"),
    *("https://10.1.2.3?@127.0.0.1:{port}/", "https://10.1.2.3/../@127.0.0.1:{port}"),
    *("https://[::1]@10.1.2.3/", "10.1.2.3:443/..//127.0.0.1", "10.1.2.3:443 127.0.0.1:{port}"),
    *("10.1.2.3:443,127.0.0.1:{port}", "10.1.2.3%00.127.0.0.1:{port}", "10.1.2.3\x00.127.0.0.1"),
    *("10.1.2.3:443\r\nHost: 127.0.0.1", "10.1.2.3:443&target=127.0.0.1:{port}", "10.1.2.3:0"),
    *("10.1.2.3:65536", "10.1.2.3:-1", "10.1.2.3:\u0664\u0664\u0663", "10.1.2.3:+443"),
    *(
        "10.1.2.3:0443",
        "10.1.2.3: 443",
        "127.0.0.1:0{port}",
        "[127.0.0.1]:{port}",
        "[loop.test]:{port}",
    ),
)
"""Whole targets that programs parse in different ways; however they are parsed, none may be probed."""

_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "localhost": ("127.0.0.1", "::1"),
    "localhost.localdomain": ("127.0.0.1",),
    "loop.test": ("127.0.0.1",),
    "a" * 60 + ".loop.test": ("127.0.0.1",),
    "mapped.test": ("::ffff:127.0.0.1",),
    "six.test": ("::1",),
    "compat.test": ("::127.0.0.1",),
    "nat.test": ("64:ff9b::7f00:1",),
    "nat2.test": ("64:ff9b:1::7f00:1",),
    "sixto4.test": ("2002:7f00:1::1",),
    "teredo.test": ("2001::80ff:fffe",),
    "multi.test": ("127.0.0.1", "169.254.169.254", "::1"),
    "meta.test": ("169.254.169.254",),
    "mappedmeta.test": ("::ffff:169.254.169.254",),
    "metadata.google.internal": ("169.254.169.254", "fd20:ce::254"),
    "zero.test": ("0.0.0.0",),  # noqa: S104 (what is never connected to)
    "any6.test": ("::",),
    "denied.test": ("127.0.0.1",),
    "x.lab.test": ("127.0.0.1",),
    "a.b.lab.test": ("127.0.0.1",),
    "xn--bcher-kva.test": ("127.0.0.1",),
    "deniedaddr.test": ("10.1.2.3",),
}


@dataclass
class Resolver:
    """The look-up of these tests; ``asked`` are the names that it was asked for.

    ``turns`` has the addresses of a name for the first look-up, the second, and so on.
    """

    turns: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> list[Any]:
        """Like ``getaddrinfo``; raises ``gaierror`` unless it is a number or a name of the table."""
        self.asked.append(host)
        name = host.lower().rstrip(".")
        if turns := self.turns.get(name):
            addresses: Sequence[str] = [turns.pop(0) if len(turns) > 1 else turns[0]]
        else:
            addresses = _NAMES.get(name, (host,))
        found: list[Any] = []
        for one in addresses:
            found += socket.getaddrinfo(
                one, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        return found
