"""The ``discovery`` section of the configuration: the sources of targets, each chosen by its ``type``.

``docs/reference/discovery.md`` explains each source.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, get_args

from pydantic import AfterValidator, Field

from discovery.apis.consul import Wanted, read_consul
from discovery.apis.docker import read_docker
from discovery.apis.http_sd import read_http_sd
from discovery.apis.prometheus import read_prometheus
from discovery.apis.web import WebApi
from discovery.files.entries import MOST_TARGETS
from discovery.files.targets_file import FileSource
from discovery.kubernetes.objects import RESOURCES
from discovery.kubernetes.source import USUAL_RESOURCES, KubernetesSource
from discovery.names import read_names
from discovery.networks import Scan, read_networks
from discovery.server_files.apache import read_apache
from discovery.server_files.caddy import read_caddy
from discovery.server_files.haproxy import read_haproxy
from discovery.server_files.nginx import read_nginx
from discovery.server_files.source import ServerFiles, read_server_files
from discovery.source import Source, SourceReading
from model.target_labels import PROXY_PROTOCOL
from pki.dns import DnsLookup
from pki.net_guard.gate import SocketGate
from service.config.clouds.aws import AwsSettings
from service.config.clouds.azure import AzureSettings
from service.config.clouds.google import GoogleCloudSettings
from service.config.dns.sources import DnsSettings, MailDomainsSettings, NameServers
from service.config.scanners.bills import BillsSettings
from service.config.scanners.findings import ScannerFindingsSettings
from service.config.sources import PolledSettings, SourceContext, SourceSettings
from service.setting_types.by_type import ByType
from service.setting_types.secret_marks import SecretFile, SecretVariable, WebUrl, WebUrls
from service.setting_types.secrets import token_reader
from service.setting_types.values import Count, Port, Seconds, TargetCount, split_name_server
from service.sources.certificate_names import read_certificate_names

_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def _check_resources(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in RESOURCES:
            raise ValueError(f"unknown resource {name!r}: use {', '.join(RESOURCES)}")
    return names


class FileSettings(SourceSettings):
    """Targets files: YAML, JSON, CSV, or Prometheus' file_sd format."""

    type: Literal["file"]
    path: Path
    refresh_seconds: Seconds = 5.0
    max_targets: TargetCount = MOST_TARGETS
    trust_labels: bool = True
    name_servers: NameServers = ()

    @property
    def described(self) -> str:
        """Its kind and file."""
        return f"file:{self.path}"

    def source(self, context: SourceContext) -> Source:
        """A watched file."""
        servers = [split_name_server(text) for text in self.name_servers]
        return FileSource(
            self.path,
            self.refresh_seconds,
            name=self.source_name(),
            most_targets=self.max_targets,
            lookup=lambda: DnsLookup(servers, gate=context.gate),
        )


class _WebSettings(PolledSettings):
    """A web API; ``token_variable`` names the environment variable with its bearer token."""

    url: WebUrl
    token_variable: SecretVariable = None
    ca_file: Path | None = None

    @property
    def described(self) -> str:
        """Its kind and URL."""
        return f"{getattr(self, 'type', '')}:{self.url}"

    def api(self, gate: SocketGate) -> WebApi:
        """How requests are sent to it."""
        return WebApi(
            url=self.url, gate=gate, token_variable=self.token_variable, ca_file=self.ca_file
        )


class HttpSdSettings(_WebSettings):
    """Prometheus' http_sd."""

    type: Literal["http_sd"]

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads all groups."""
        return lambda: read_http_sd(self.api(context.gate), name, self.max_targets)


class PrometheusSettings(_WebSettings):
    """The targets that a Prometheus server scrapes over https."""

    type: Literal["prometheus"]

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads its active targets."""
        return lambda: read_prometheus(self.api(context.gate), name, self.max_targets)


class ConsulSettings(_WebSettings):
    """A Consul catalog: all services, or only ``services``; with ``tags``, only those that have all of them."""

    type: Literal["consul"]
    url: WebUrl = "http://127.0.0.1:8500"
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads the catalog."""
        header = "X-Consul-Token"
        api = replace(self.api(context.gate), token_header=header)
        wanted = Wanted(services=self.services, tags=self.tags)
        return lambda: read_consul(api, name, wanted, self.max_targets)


class DockerSettings(PolledSettings):
    """The containers of a Docker daemon."""

    type: Literal["docker"]
    socket: Path = Path("/var/run/docker.sock")

    @property
    def described(self) -> str:
        """Its kind and socket."""
        return f"docker:{self.socket}"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads the running containers."""
        api = WebApi(url="http://docker", gate=context.gate, unix_socket=self.socket)
        return lambda: read_docker(api, name, self.max_targets)


class KubernetesSettings(SourceSettings):
    """A Kubernetes cluster; without ``url``, the cluster this process runs in, with its service account."""

    type: Literal["kubernetes"]
    url: WebUrl = "https://kubernetes.default.svc"
    token_variable: SecretVariable = None
    token_file: SecretFile = None
    ca_file: Path | None = None
    resources: Annotated[tuple[str, ...], AfterValidator(_check_resources)] = USUAL_RESOURCES
    refresh_seconds: Seconds = 600.0

    @property
    def described(self) -> str:
        """Its kind and URL."""
        return f"kubernetes:{self.url}"

    def source(self, context: SourceContext) -> Source:
        """A watched cluster."""
        inside = _SERVICE_ACCOUNT.is_dir()
        name = self.source_name()
        token_file = self.token_file or (_SERVICE_ACCOUNT / "token" if inside else None)
        api = WebApi(
            url=self.url,
            gate=context.gate,
            token_variable=self.token_variable,
            read_token=token_reader(name, token_file),
            ca_file=self.ca_file or (_SERVICE_ACCOUNT / "ca.crt" if inside else None),
        )
        return KubernetesSource(
            name,
            api,
            refresh_seconds=self.refresh_seconds,
            resources=self.resources,
            most_targets=self.max_targets,
        )


class NamesSettings(PolledSettings):
    """Lists of names, such as a certificate transparency monitor's feed; each name is probed at all ``ports``."""

    type: Literal["names"]
    files: tuple[Path, ...] = ()
    urls: WebUrls = ()
    ports: tuple[Port, ...] = (443,)
    refresh_seconds: Seconds = 3600.0

    @property
    def described(self) -> str:
        """Its kind and the first list."""
        first = [str(file) for file in self.files] + list(self.urls)
        return f"names:{first[0] if first else ''}"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads all lists."""
        apis = [WebApi(url=url, gate=context.gate) for url in self.urls]
        return lambda: read_names(self.files, apis, self.ports, name, self.max_targets)


class NetworksSettings(PolledSettings):
    """Networks whose open ports are checked for TLS."""

    type: Literal["networks"]
    networks: Annotated[tuple[IPv4Network | IPv6Network, ...], Field(min_length=1)]
    ports: Annotated[tuple[Port, ...], Field(min_length=1)] = (443,)
    connections_per_second: Count = 50
    refresh_seconds: Seconds = 86_400.0

    @property
    def described(self) -> str:
        """Its kind and the first network."""
        return f"networks:{self.networks[0]}"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Scans them once."""
        scan = Scan(
            networks=self.networks,
            ports=self.ports,
            connections_per_second=self.connections_per_second,
        )
        return lambda: read_networks(scan, context.gate, name)


class ServerFilesSettings(PolledSettings):
    """Configuration files of a web server that is reachable at ``host``."""

    _computed_labels: ClassVar[frozenset[str]] = frozenset({PROXY_PROTOCOL})

    type: Literal["nginx", "haproxy", "apache", "caddy"]
    paths: Annotated[tuple[Path, ...], Field(min_length=1)]
    host: str = "localhost"

    @property
    def described(self) -> str:
        """Its kind and the first file."""
        return f"{self.type}:{self.paths[0]}"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads the files."""
        read = _FILE_READERS[self.type]
        files = ServerFiles(reader=read, kind=self.type, paths=self.paths, host=self.host)
        return lambda: read_server_files(files, name, self.max_targets)


class SeenNamesSettings(PolledSettings):
    """Names in the certificates seen so far, if they resolve into these ``networks``."""

    type: Literal["certificate_names"]
    networks: Annotated[tuple[IPv4Network | IPv6Network, ...], Field(min_length=1)]
    refresh_seconds: Seconds = 3600.0

    @property
    def described(self) -> str:
        """Its kind."""
        return "certificate_names"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads the names from the certificates seen."""
        return lambda: read_certificate_names(context.statuses, self.networks, name)


_FILE_READERS: Final = {
    "nginx": read_nginx,
    "haproxy": read_haproxy,
    "apache": read_apache,
    "caddy": read_caddy,
}

SOURCES: Final[tuple[type[SourceSettings], ...]] = (
    FileSettings,
    HttpSdSettings,
    PrometheusSettings,
    ConsulSettings,
    DockerSettings,
    KubernetesSettings,
    NamesSettings,
    DnsSettings,
    MailDomainsSettings,
    NetworksSettings,
    ServerFilesSettings,
    SeenNamesSettings,
    AwsSettings,
    GoogleCloudSettings,
    AzureSettings,
    ScannerFindingsSettings,
    BillsSettings,
)
"""All sources, one row each: the class of the settings, which also creates the source."""

_BY_TYPE: Final = ByType(
    {name: one for one in SOURCES for name in get_args(one.model_fields["type"].annotation)}
)
AnySourceSettings: TypeAlias = Annotated[SourceSettings, _BY_TYPE]
