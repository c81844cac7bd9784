"""The routes to endpoints: named proxies, and the default route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from probe.connect.proxy_url import parse_proxy
from probe.connect.route import Proxy, Route, check_source_address
from service.setting_types.secret_marks import SecretFile, SecretUrl, SecretVariable
from service.setting_types.secrets import read_secret


class ProxySettings(BaseModel):
    """One proxy: its ``url``, and where its user's password is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretUrl
    password_variable: SecretVariable = None
    password_file: SecretFile = None

    def load(self, name: str) -> Proxy:
        """The proxy.

        Raises:
            ValueError: if the URL is not a proxy's, or the password is missing.
        """
        try:
            password = read_secret("password", self.password_variable, self.password_file)
        except ValueError as error:
            raise ValueError(f"the proxy {name!r}: {error}") from error
        try:
            return parse_proxy(self.url, password)
        except ValueError as error:
            raise ValueError(f"the proxy {name!r} {error}") from error


def _check_proxies(proxies: Mapping[str, ProxySettings]) -> Mapping[str, ProxySettings]:
    for name, one in proxies.items():
        one.load(name)
    return proxies


Proxies = Annotated[Mapping[str, ProxySettings], AfterValidator(_check_proxies)]
SourceAddress = Annotated[str | None, AfterValidator(check_source_address)]


def usual_route(
    proxy: str | None, proxies: Mapping[str, Proxy], source_address: str | None
) -> Route:
    """The route of targets that do not choose one.

    Raises:
        ValueError: if ``proxy`` is not one of the ``proxies``.
    """
    if proxy is not None and proxy not in proxies:
        known = ", ".join(proxies) or "none"
        raise ValueError(f"probe.proxy is {proxy!r}, which is not in proxies: {known}")
    return Route(proxy=None if proxy is None else proxies[proxy], source_address=source_address)
