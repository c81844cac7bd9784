"""One request of ``/probe``: the target, and what a module with HTTP gets there."""

from __future__ import annotations

from dataclasses import replace

from discovery.targets import TargetError, parse_target
from model.application_protocol import default_protocol
from model.frozen import frozen
from model.target import Target
from service.config.modules.module import ModuleSettings
from service.probe_endpoint.module_choices import RefusedError, path_for
from service.probe_endpoint.web_address import WebAddress, tcp_target, web_address


@frozen
class ProbeRequest:
    """``target`` is what the text names; ``address`` is what a module with HTTP gets there, and ``host`` replaces
    the host in its request.

    Equal requests may share one probe.
    """

    target: Target
    address: WebAddress | None = None
    host: str | None = None

    @property
    def inventory_keys(self) -> tuple[str, ...]:
        """The keys that the inventory may have for the target: how TLS begins is not part of the question whether
        it may be probed."""
        usual = replace(self.target, protocol=default_protocol(self.target.port))
        return self.target.key, usual.key


def request_of(module: ModuleSettings, text: str, server_name: str | None) -> ProbeRequest:
    """The request that ``text`` makes with the module.

    Raises:
        NoTargetError: if the module's exporter would fail, so that its page says so.
        RefusedError: if the request cannot be served.
    """
    name = module.tls.server_name or server_name
    if not module.is_of_exporter:
        try:
            protocol = module.tcp.starttls
            target = parse_target(text, server_name=name, protocol=protocol, source="probe")
        except TargetError as error:
            raise RefusedError(400, str(error)) from error
        return ProbeRequest(target=target)
    if not module.asks_http:
        return ProbeRequest(target=tcp_target(module, text, name))
    address = web_address(module, text)
    path = path_for(module, address.path, is_from_request=module.target is None)
    host = address.target(server_name).server_name if server_name else None
    return ProbeRequest(target=address.target(name), address=replace(address, path=path), host=host)
