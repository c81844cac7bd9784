"""What a module of another exporter probes: the text of its target as that exporter reads it.

A target without a scheme is ``http://`` in blackbox_exporter's HTTP modules, and ``https://`` in ssl_exporter's.
A TCP module needs a port; for STARTTLS, tlsprobe accepts a scheme such as ``smtp://`` as well.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from discovery.targets import TargetError, parse_target
from model.application_protocol import DEFAULT_PROTOCOL, URL_PORTS
from model.frozen import frozen
from model.target import Target
from probe.web.url import request_target
from service.config.modules.module import ModuleSettings


class NoTargetError(Exception):
    """The text names nothing that this module can probe; the message is one sentence."""


@frozen
class WebAddress:
    """A URL of http or https. ``authority`` is the host, with the port if it is written, in ASCII."""

    scheme: str
    host: str
    port: int
    authority: str
    path: str

    @property
    def is_over_tls(self) -> bool:
        """Whether it is https."""
        return self.scheme == "https"

    @property
    def url(self) -> str:
        """Its text."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def target(self, server_name: str | None) -> Target:
        """The target that serves it, with another server name if one is given."""
        place = _place(self.host, self.port)
        try:
            return parse_target(place, server_name=server_name, source="probe")
        except TargetError as error:
            raise NoTargetError(str(error)) from error

    def redirected(self, location: str) -> WebAddress:
        """The address that a response's Location names (RFC 9110, section 10.2.2).

        Raises:
            NoTargetError: if it cannot be read, or is not of http or https.
        """
        try:
            return _web_address(urljoin(self.url, location))
        except ValueError as error:
            raise NoTargetError(f"the redirect to {location[:200]!r} cannot be read") from error


def names_a_host(location: str) -> bool:
    """Whether a Location leads to another authority, or names its own."""
    return bool(urlsplit(location).netloc)


def web_address(module: ModuleSettings, text: str) -> WebAddress:
    """The URL that the HTTP module asks for.

    Raises:
        NoTargetError: if the exporter itself would fail.
    """
    scheme, has_scheme, _ = text.partition("://")
    if module.is_blackbox:
        url = text if has_scheme and scheme.lower() in URL_PORTS else f"http://{text}"
    else:
        if has_scheme and scheme.lower() == "http":
            raise NoTargetError(
                f"{text[:200]!r} has no TLS, which ssl_exporter's https needs: use https://"
            )
        url = text if has_scheme else f"https://{text}"
    try:
        return _web_address(url)
    except ValueError as error:
        raise NoTargetError(f"{text[:200]!r} is not a URL of http or https") from error


def tcp_target(module: ModuleSettings, text: str, server_name: str | None) -> Target:
    """The target of a module that sends no request; its protocol is how TLS begins.

    Raises:
        NoTargetError: if the exporter itself would fail.
    """
    scheme, has_scheme, _ = text.partition("://")
    if has_scheme and scheme.lower() in URL_PORTS:
        raise NoTargetError(f"{text[:200]!r} is a URL: a TCP module needs HOST:PORT")
    protocol = module.tcp.starttls or (None if has_scheme else DEFAULT_PROTOCOL)
    try:
        target = parse_target(text, server_name=server_name, protocol=protocol, source="probe")
    except TargetError as error:
        raise NoTargetError(str(error)) from error
    if not has_scheme and not _has_port(text):
        raise NoTargetError(f"{text[:200]!r} has no port: add it, for example :443")
    return target


def _web_address(url: str) -> WebAddress:
    """ValueError if it is not a URL of http or https with a host."""
    split = urlsplit(url)
    scheme = split.scheme.lower()
    if scheme not in URL_PORTS or not split.hostname or "@" in split.netloc:
        raise ValueError(url)
    port = URL_PORTS[scheme] if split.port is None else split.port
    host = parse_target(_place(split.hostname, port)).host
    written = host.partition("%")[0]
    return WebAddress(
        scheme=scheme,
        host=host,
        port=port,
        authority=_bracketed(written) if split.port is None else _place(written, port),
        path=request_target(split),
    )


def _place(host: str, port: int) -> str:
    return f"{_bracketed(host)}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _has_port(text: str) -> bool:
    if text.startswith("["):
        return "]:" in text
    return text.count(":") == 1
