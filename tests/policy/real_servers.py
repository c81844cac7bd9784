"""Real servers for checking rules: each is started and visited once, at its first use.

They are the zoo's, and the chains, web sites and mail servers of other tests; their kind is the first word of
the name. Chains are judged as if their own anchors were Mozilla's, so that they count as public.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint, Target
from probe.checks.part import USUAL_PARTS, Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.pki.transparency.making import write_list
from tests.pki.transparency.test_scts import LISTED
from tests.probe.starttls.servers.catalogue import SERVERS as STARTTLS_SERVERS
from tests.probe.web.nginx_sites import nginx_sites
from tests.probe.web.test_real_sites import observation_at
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.deployments import DEPLOYMENTS, served
from tests.zoo.nginx_servers import Nginx
from tests.zoo.openssl_servers import MODERN, SServer
from tests.zoo.post_quantum_servers import PostQuantum
from tests.zoo.server import ZooServer
from tests.zoo.test_badssl import CHAINS, DHE
from tests.zoo.test_deployments import ClockOfTheCertificates
from tests.zoo.test_key_exchanges import new_prime, write_parameters
from tests.zoo.truth import SERVER_NAME
from tests.zoo.visit import visit

_CHAINS: Final = {**DEPLOYMENTS, **CHAINS}
_CHAIN_PARTS: Final = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.REVOCATION})
_ZOO: Final[Mapping[str, ZooServer]] = {server.name: server for server in SERVERS}
_ORDERED = PostQuantum(
    name="openssl4-post-quantum-first",
    openssl_groups="X25519MLKEM768:X25519\nOptions = ServerPreference",
    groups=("X25519MLKEM768", "x25519"),
)

_ASKING_ANYONE = SServer(name="openssl-names-no-authority", options=(*MODERN, "-verify", "1"))


@dataclass(slots=True, kw_only=True)
class RealServers:
    """Observations by name, such as ``zoo nginx-old``, ``chain expired``, ``site lax``, ``mail postfix on``."""

    certificates: Certificates
    new_folder: Callable[[str], Path]
    _seen: dict[str, Observation] = field(default_factory=dict)

    async def observe(self, name: str) -> Observation:
        """The result of a visit."""
        if name not in self._seen:
            kind, _, which = name.partition(" ")
            if kind == "site":
                await self._visit_sites()
            else:
                self._seen[name] = await self._visit(kind, which)
        return self._seen[name]

    async def _visit(self, kind: str, which: str) -> Observation:
        folder = self.new_folder(kind)
        match kind:
            case "zoo":
                return (await visit(_ZOO[which], self.certificates, folder)).observation
            case "chain":
                return await self._visit_chain(which, folder)
            case "mail":
                return await self._visit_mail(*which.split(" "))
            case "field":
                return await self._visit_composite_field(folder)
            case "asking":
                with _ASKING_ANYONE.start(self.certificates, folder) as port:
                    return await _look(port, ProbeSettings())
            case _:
                with _ORDERED.start(self.certificates, folder) as port:
                    return await _look(port, ProbeSettings())

    async def _visit_chain(self, which: str, folder: Path) -> Observation:
        anchors = folder / "anchors.pem"
        anchors.write_bytes(b"".join(made.pem for made in _CHAINS[which].anchors))
        settings = ProbeSettings(
            trust_stores={"mozilla": anchors},
            parts=_CHAIN_PARTS,
            log_list=write_list(folder / "logs.json", *LISTED),
        )
        with served(folder, {which: _CHAINS[which]}) as ports:
            target = Target(
                host="127.0.0.1", port=ports[which], server_name=_CHAINS[which].server_name
            )
            engine = Engine(settings, ClockOfTheCertificates())
            return await engine.visit(Endpoint(target=target, address="127.0.0.1"))

    async def _visit_mail(self, name: str, configuration: str) -> Observation:
        (server,) = (one for one in STARTTLS_SERVERS if one.name == name)
        case = next(one for one in server.cases if one.configuration == configuration)
        with server.start(self.certificates) as ports:
            target = Target(
                host=server.host,
                port=ports[configuration],
                server_name=SERVER_NAME,
                protocol=case.protocol,
            )
            engine = Engine(ProbeSettings(parts=USUAL_PARTS), SystemClock())
            return await engine.visit(Endpoint(target=target, address=server.host))

    async def _visit_composite_field(self, folder: Path) -> Observation:
        """nginx with a composite DH modulus, as at badssl.com's dh-composite."""
        write_parameters(folder, new_prime(512) * new_prime(512))
        (folder / "dh.pem").rename(folder / "own.pem")
        directives = ("ssl_protocols TLSv1.2;", f"ssl_ciphers {DHE};", "ssl_dhparam own.pem;")
        nginx = Nginx(identities=lambda every: (every.rsa,), directives=directives)
        with nginx.start(self.certificates, folder) as port:
            parts = frozenset({Part.VERSIONS, Part.SUITES, Part.DH})
            return await _look(port, ProbeSettings(parts=parts))

    async def _visit_sites(self) -> None:
        with nginx_sites(self.certificates, self.new_folder("sites")) as places:
            for name, ports in places.items():
                self._seen[f"site {name}"] = await observation_at(ports)


async def _look(port: int, settings: ProbeSettings) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
    endpoint = Endpoint(target=target, address="127.0.0.1")
    return await Engine(settings, SystemClock()).visit(endpoint)
