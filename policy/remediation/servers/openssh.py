"""OpenSSH: sshd_config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

_PLACE: Final = "in sshd_config, then `systemctl reload ssh`"
_KEYWORDS: Final[Mapping[str, str]] = {
    "key_exchange": "KexAlgorithms",
    "host_keys": "HostKeyAlgorithms",
    "ciphers": "Ciphers",
    "macs": "MACs",
}
_UNKNOWN: Final = frozenset(
    {"AEAD_AES_128_GCM", "AEAD_AES_256_GCM", "diffie-hellman-group15-sha512"}
)
"""Standard names that policies allow and OpenSSH does not have: it refuses a configuration with them."""
_RSA_KEY: Final = "/etc/ssh/ssh_host_rsa_key"


def _settings(demands: Demands) -> Iterator[Setting]:
    for kind, keyword in _KEYWORDS.items():
        names = [one for one in demands.ssh.names(kind) if one not in _UNKNOWN]
        if names:
            line = f"{keyword} {','.join(names)}"
            yield Setting(topic=Topic.SSH_ALGORITHMS, place=_PLACE, lines=(line,))
    if demands.ssh.rsa_bits is not None:
        yield Setting(
            topic=Topic.HOST_KEYS,
            place=_PLACE,
            lines=(
                f"# after ssh-keygen -t rsa -b {demands.ssh.rsa_bits} -N '' -f {_RSA_KEY}",
                f"HostKey {_RSA_KEY}",
            ),
        )


OPENSSH: Final = ServerKind(
    name="OpenSSH", aliases=("openssh", "sshd"), write=_settings, banners=("ssh-2.0-openssh",)
)
