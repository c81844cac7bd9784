"""The keyword arguments of ``scan``: validation, and conversion to settings."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypedDict

from discovery.targets import parse_target
from model.frozen import frozen
from model.intrusiveness import Intrusiveness
from model.target import Target
from model.target_labels import CLIENT_IDENTITY
from pki.certificates import check_trust_store
from pki.transparency import read_log_list
from probe.checks.check_groups import parse_parts
from probe.checks.part import Part
from probe.connect.proxy.proxy_protocol import ProxyProtocol
from probe.connect.proxy_url import parse_proxy
from probe.connect.route import Route
from probe.crypto.identity import ClientIdentity, load_identity
from probe.visit.settings import ProbeSettings
from scheduling.resolve import AddressFamily
from tlsprobe.errors import InputError

FilePath: TypeAlias = str | os.PathLike[str]

_LONGEST_DEADLINE_SECONDS: Final = 86_400.0
_IDENTITY_NAME: Final = "client_certificate"


@frozen
class ClientCertificate:
    """A client certificate of yours: a PEM file with its ``key`` file, or one file with both.

    Without ``key`` the file may also be PKCS #12. ``passphrase_variable`` names the environment variable with the
    passphrase.
    """

    file: FilePath
    key: FilePath | None = None
    passphrase_variable: str | None = None


class ScanOptions(TypedDict, total=False):
    """The keyword arguments of ``scan`` and ``scan_blocking``; all are optional."""

    server_name: str | None
    """The server name (SNI) to send; an empty one sends none. Default: the target's host name."""
    protocol: str | None
    """For example ``smtp``: docs/reference/protocols.md. Default: by the target's scheme or port, else TLS."""
    labels: Mapping[str, str]
    """Labels of the targets, which policies can match (docs/reference/targets.md lists those with an effect)."""
    checks: Iterable[str] | None
    """Groups of checks, such as ``("suites", "certificates")``; versions always run. Default: all but jarm."""
    intrusiveness: Intrusiveness | Literal["safe", "standard", "full"]
    """How much a scan may ask (docs/reference/intrusiveness.md). Default: ``full``, as in ``tlsprobe scan``."""
    deadline_seconds: float
    """The maximum total time for one address, in seconds. Default: 60."""
    trust_stores: Mapping[str, FilePath]
    """PEM files of CA certificates by name, to verify chains. Mozilla's list is always used as well."""
    client_certificate: ClientCertificate | None
    """Sent to servers that request a client certificate."""
    fetch: bool
    """Whether to fetch OCSP responses, CRLs and missing issuers from URLs in certificates. Default: no."""
    dns_records: bool
    """Whether to look up CAA and TLSA, HTTPS and SVCB records. Default: no."""
    log_list: FilePath | None
    """A certificate transparency log list (version 3), to verify timestamps."""
    proxy: str | None
    """Connect through ``http://host:3128`` (CONNECT) or ``socks5://user@host:1080``."""
    proxy_password: str | None
    """The password of the user in ``proxy``."""
    source_address: str | None
    """The local IP address to connect from."""
    proxy_protocol: Literal["v1", "v2"] | None
    """Start each connection with a PROXY protocol header of this version."""
    address_family: Literal["any", "ipv4", "ipv6"]
    """Which addresses of a name to probe. Default: any."""


@frozen
class ScanRequest:
    """Targets in the given order, and how to probe them."""

    targets: tuple[Target, ...]
    settings: ProbeSettings
    family: AddressFamily


def read_request(targets: Sequence[str | Target], options: ScanOptions) -> ScanRequest:
    """The request that ``scan`` executes; reads the files that the options name.

    Raises:
        InputError: for the first argument that cannot be used.
        TypeError: for an unknown keyword argument.
    """
    unknown = options.keys() - ScanOptions.__optional_keys__
    if unknown:
        raise TypeError(
            f"unknown keyword argument {min(unknown)!r}: use one of "
            f"{', '.join(sorted(ScanOptions.__optional_keys__))}"
        )
    if not targets:
        raise InputError("targets: the list is empty: pass at least one, such as 'example.com'")
    identity = _identity(options.get("client_certificate"))
    return ScanRequest(
        targets=tuple(_targets(targets, options, identity)),
        settings=_settings(options, identity),
        family=_family(options),
    )


@contextmanager
def _naming(argument: str) -> Iterator[None]:
    """Turns errors inside into an InputError that starts with the argument's name."""
    try:
        yield
    except ValueError as error:
        raise InputError(f"{argument}: {error}") from error


def _targets(
    targets: Sequence[str | Target], options: ScanOptions, identity: ClientIdentity | None
) -> Iterator[Target]:
    own = {} if identity is None else {CLIENT_IDENTITY: identity.name}
    for one in targets:
        target = _target(one, options)
        yield replace(target, labels={**target.labels, **own})


def _target(one: str | Target, options: ScanOptions) -> Target:
    if isinstance(one, Target):
        for name in ("server_name", "protocol", "labels"):
            if options.get(name) is not None:
                raise InputError(
                    f"{name}: the target {one.key} already sets it: remove one of the two"
                )
        return one
    if not isinstance(one, str):
        raise InputError(f"targets: {one!r} must be text or a Target, such as 'example.com:8443'")
    with _naming("targets"):
        return parse_target(
            one,
            server_name=options.get("server_name"),
            protocol=options.get("protocol"),
            labels=options.get("labels"),
        )


def _settings(options: ScanOptions, identity: ClientIdentity | None) -> ProbeSettings:
    usual = ProbeSettings().for_a_waiting_user()
    level = options.get("intrusiveness", usual.intrusiveness)
    if level not in set(Intrusiveness):
        raise InputError(f"intrusiveness: {level!r} must be one of {', '.join(Intrusiveness)}")
    log_list = options.get("log_list")
    if log_list is not None:
        with _naming("log_list"):
            read_log_list(Path(log_list))
    return replace(
        usual.with_deadline(_deadline(options.get("deadline_seconds", usual.deadline_seconds))),
        parts=_parts(options.get("checks")),
        intrusiveness=Intrusiveness(level),
        trust_stores={**usual.trust_stores, **_trust_stores(options.get("trust_stores", {}))},
        client_identities={} if identity is None else {identity.name: identity},
        fetch=options.get("fetch", False),
        dns_records=options.get("dns_records", False),
        log_list=None if log_list is None else Path(log_list),
        route=_route(options),
    )


def _deadline(seconds: float) -> float:
    if not (math.isfinite(seconds) and 0 < seconds <= _LONGEST_DEADLINE_SECONDS):
        raise InputError(
            f"deadline_seconds: {seconds:g} must be more than 0 and at most "
            f"{_LONGEST_DEADLINE_SECONDS:g}"
        )
    return seconds


def _parts(checks: Iterable[str] | None) -> frozenset[Part]:
    if checks is None:
        return ProbeSettings().parts
    if isinstance(checks, str):
        raise InputError(f"checks: {checks!r} must be a list of names, such as ['suites']")
    with _naming("checks"):
        return parse_parts(checks)


def _trust_stores(files: Mapping[str, FilePath]) -> dict[str, Path]:
    stores = {name: Path(file) for name, file in files.items()}
    with _naming("trust_stores"):
        for name, file in stores.items():
            check_trust_store(name, file)
    return stores


def _identity(given: ClientCertificate | None) -> ClientIdentity | None:
    if given is None:
        return None
    key = None if given.key is None else Path(given.key)
    with _naming("client_certificate"):
        return load_identity(_IDENTITY_NAME, Path(given.file), key, given.passphrase_variable)


def _route(options: ScanOptions) -> Route:
    proxy, header = options.get("proxy"), options.get("proxy_protocol")
    source_address = options.get("source_address")
    if header not in {None, *ProxyProtocol}:
        raise InputError(f"proxy_protocol: {header!r} must be 'v1' or 'v2'")
    if source_address is not None:
        with _naming("source_address"):
            ip_address(source_address)
    try:
        way = None if proxy is None else parse_proxy(proxy, options.get("proxy_password"))
    except ValueError as error:
        raise InputError(f"proxy: it {error}") from error
    return Route(
        proxy=way,
        proxy_protocol=None if header is None else ProxyProtocol(header),
        source_address=source_address,
    )


def _family(options: ScanOptions) -> AddressFamily:
    family = options.get("address_family", AddressFamily.ANY)
    if family not in set(AddressFamily):
        raise InputError(f"address_family: {family!r} must be one of {', '.join(AddressFamily)}")
    return AddressFamily(family)
