"""IIS and other programs that use Windows' Schannel: PowerShell as administrator, then a restart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.protocol_version import ProtocolVersion
from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

_PLACE: Final = "in PowerShell as administrator, then restart the machine"
_SITE: Final = "in PowerShell as administrator, for the site of that name"
_PROTOCOLS: Final = r"HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
_SET: Final = "Set-WebConfigurationProperty -PSPath IIS:\\"
_ACCESS: Final = "-Location 'Default Web Site' -Filter system.webServer/security/access"
_HSTS: Final = "-Filter \"system.applicationHost/sites/site[@name='Default Web Site']/hsts\""
_KEYS: Final = {
    ProtocolVersion.SSLV2: "SSL 2.0",
    ProtocolVersion.SSLV3: "SSL 3.0",
    ProtocolVersion.TLSV1_0: "TLS 1.0",
    ProtocolVersion.TLSV1_1: "TLS 1.1",
    ProtocolVersion.TLSV1_2: "TLS 1.2",
    ProtocolVersion.TLSV1_3: "TLS 1.3",
}
_CURVES: Final = {
    "x25519": "curve25519",
    "secp256r1": "NistP256",
    "secp384r1": "NistP384",
    "secp521r1": "NistP521",
}


def _settings(demands: Demands) -> Iterator[Setting]:
    yield _setting(Topic.VERSIONS, *_versions(demands))
    suites = ",".join((*demands.tls13_suites, *demands.suites))
    yield _setting(
        Topic.SUITES,
        r"$key = 'HKLM:\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002'",
        "New-Item $key -Force | Out-Null",
        f"Set-ItemProperty $key -Name Functions -Value '{suites}'",
    )
    curves = [_CURVES[name] for name in demands.groups if name in _CURVES]
    if curves:
        yield _setting(
            Topic.GROUPS,
            "Get-TlsEccCurve | ForEach-Object { Disable-TlsEccCurve -Name $_ }",
            *(
                f"Enable-TlsEccCurve -Name {name} -Position {position}"
                for position, name in enumerate(curves)
            ),
        )
    if demands.client_certificates is not None:
        flags = "Ssl,SslNegotiateCert,SslRequireCert" if demands.client_certificates else "Ssl"
        yield Setting(
            topic=Topic.CLIENT_CERTIFICATES,
            place=_SITE,
            lines=(f"{_SET} {_ACCESS} -Name sslFlags -Value '{flags}'",),
        )
    yield Setting(topic=Topic.REDIRECT, place=_SITE, lines=(_hsts("redirectHttpToHttps", "$true"),))
    if demands.hsts is not None:
        yield Setting(
            topic=Topic.HSTS,
            place=_SITE,
            lines=(
                _hsts("enabled", "$true"),
                _hsts("max-age", str(demands.hsts.max_age)),
                _hsts("includeSubDomains", f"${str(demands.hsts.include_subdomains).lower()}"),
                _hsts("preload", f"${str(demands.hsts.preload).lower()}"),
            ),
        )


def _versions(demands: Demands) -> Iterator[str]:
    for version, name in _KEYS.items():
        is_on = int(version in demands.versions)
        yield f"$key = New-Item '{_PROTOCOLS}\\{name}\\Server' -Force"
        yield f"$key | Set-ItemProperty -Name Enabled -Value {is_on} -Type DWord"
        yield f"$key | Set-ItemProperty -Name DisabledByDefault -Value {1 - is_on} -Type DWord"


def _hsts(name: str, value: str) -> str:
    return f"{_SET} {_HSTS} -Name {name} -Value {value}"


def _setting(topic: Topic, *lines: str) -> Setting:
    return Setting(topic=topic, place=_PLACE, lines=lines)


IIS: Final = ServerKind(
    name="IIS",
    aliases=("iis", "schannel", "windows"),
    write=_settings,
    banners=("microsoft-iis", "microsoft-httpapi"),
)
