"""The settings of a service, with their defaults and bounds; ``docs/reference/configuration.md`` explains them.

Precedence: the command line, the environment (``TLSPROBE_…``), a YAML file, the defaults below.
``service.config.load.load_settings`` reads the values and words the errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from discovery.source import API_SOURCE
from model.intrusiveness import Intrusiveness
from model.target_labels import ConfiguredNames, configured_names
from model.version import user_agent
from pki.net_guard.deny import DenyList
from pki.net_guard.gate import WEB_PORTS, SocketGate
from pki.transparency import read_log_list
from policy.files.yaml_file import ConfigError, read_yaml_mapping
from probe.checks.check_groups import parse_parts, part_names
from probe.checks.part import USUAL_PARTS
from probe.connect.route import Proxy
from probe.visit.settings import ProbeSettings
from scheduling.interval import IntervalPolicy
from scheduling.resolve import AddressFamily
from service.config.clouds.remediation import RemediationSettings
from service.config.discovery import AnySourceSettings, FileSettings
from service.config.egress import DenyEntries, EgressSettings
from service.config.http import HttpSettings
from service.config.metrics import MetricsSettings
from service.config.modules.on_demand import OnDemandSettings
from service.config.push import PushSettings
from service.config.relabel import RelabelRules
from service.config.retention import RetentionSettings
from service.config.routes import Proxies, SourceAddress, usual_route
from service.config.schedule import ClosedSpans, LabelSchedule, split_span
from service.config.sources import SourceContext, SourceSettings, ruled_api_source
from service.config.trust_stores import check_trust_stores
from service.integrations.catalogue import NotifierSection
from service.setting_types.client_identities import ClientIdentities
from service.setting_types.database_url import DEFAULT_DATABASE, values_with_password
from service.setting_types.secret_marks import SecretFile, SecretUrl
from service.setting_types.values import Count, Port, Seconds, split_listen, split_name_server
from service.setting_types.worker_tags import zones_of_tags
from service.sources.target_sources import RuledSource

ENVIRONMENT_PREFIX: Final = "TLSPROBE_"
ENVIRONMENT_NESTING: Final = "__"
DEFAULT_LISTEN: Final = "127.0.0.1:9844"
ONLY_AT_START: Final = (
    "listen",
    "allow_unauthenticated",
    "database",
    "database_password_file",
    "state_directory",
    "workers",
    "metrics",
    "push",
    "http",
    "log_format",
    "log_level",
)
"""Settings that a reload does not change."""


def _check_listen(text: str) -> str:
    split_listen(text)
    return text


def _check_parts(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("must name at least one check, such as [versions, suites]")
    parse_parts(names)
    return names


def _check_log_list(file: Path | None) -> Path | None:
    if file is not None:
        read_log_list(file)
    return file


def _check_name_servers(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        split_name_server(text)
    return texts


def _check_contact(contact: str | None) -> str | None:
    user_agent(contact)
    return contact


def _check_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    zones_of_tags(tags)
    return tags


_OF_THE_WAY: Final = ("proxy", "source_address", "address_family")
_OF_THE_GATE: Final = ("fetch_networks", "fetch_ports")


class ProbeLimits(BaseModel):
    """The ``probe`` section: what a visit checks, and its limits; see ``probe.visit.settings``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deadline_seconds: Seconds = ProbeSettings().deadline_seconds
    connect_timeout_seconds: Seconds = ProbeSettings().connect_timeout_seconds
    answer_timeout_seconds: Seconds = ProbeSettings().answer_timeout_seconds
    greeting_timeout_seconds: Seconds = ProbeSettings().greeting_timeout_seconds
    connections_per_address: Count = ProbeSettings().connections_per_address
    connections_per_address_per_second: Count = 20
    connections_per_host: Count = ProbeSettings().connections_per_host
    connections_per_network: Count = ProbeSettings().connections_per_network
    connections_open: Count = ProbeSettings().connections_open
    connections_per_second: Count = ProbeSettings().connections_per_second
    intrusiveness: Intrusiveness = Intrusiveness.STANDARD
    fetch: bool = False
    fetch_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    fetch_ports: Annotated[tuple[Port, ...], Field(min_length=1)] = tuple(sorted(WEB_PORTS))
    dns_records: bool = False
    name_servers: Annotated[tuple[str, ...], AfterValidator(_check_name_servers)] = ()
    log_list: Annotated[Path | None, AfterValidator(_check_log_list)] = None
    proxy: str | None = None
    source_address: SourceAddress = None
    address_family: AddressFamily = AddressFamily.ANY
    checks: Annotated[tuple[str, ...], AfterValidator(_check_parts)] = tuple(
        name for name in part_names() if name in USUAL_PARTS
    )


class Workers(BaseModel):
    """The ``workers`` section: whether worker processes make the visits, and how they are watched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = False
    tags: Annotated[tuple[str, ...], AfterValidator(_check_tags)] = ()
    probes_per_job: Annotated[int, Field(ge=1, le=1000)] = 50
    heartbeat_timeout_seconds: Annotated[float, Field(ge=2, le=3600)] = 20.0


class ServiceSettings(BaseSettings):
    """All settings of ``tlsprobe serve``.

    ``config_file`` is the YAML file; it supplies the values that are not given otherwise.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter=ENVIRONMENT_NESTING,
    )

    config_file: Path | None = None
    listen: Annotated[str, AfterValidator(_check_listen)] = DEFAULT_LISTEN
    allow_unauthenticated: bool = False
    database: SecretUrl = DEFAULT_DATABASE
    database_password_file: SecretFile = None
    state_directory: Path | None = None
    targets_files: tuple[Path, ...] = ()
    discovery: tuple[AnySourceSettings, ...] = ()
    relabel: RelabelRules = ()
    deny: DenyEntries = ()
    egress: EgressSettings = EgressSettings()
    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    interval_seconds: Seconds = 3600.0
    enumerate_interval_seconds: Seconds = 86_400.0
    enumerate_at_start: bool = True
    maintenance_windows: ClosedSpans = ()
    schedules: tuple[LabelSchedule, ...] = ()
    max_concurrent_probes: Count = 64
    workers: Workers = Workers()
    probe: ProbeLimits = ProbeLimits()
    trust_stores: Annotated[Mapping[str, Path | None], AfterValidator(check_trust_stores)] = (
        ProbeSettings().trust_stores
    )
    proxies: Proxies = {}
    client_identities: ClientIdentities = {}
    policies: tuple[str, ...] = ()
    metrics: MetricsSettings = MetricsSettings()
    on_demand: OnDemandSettings = OnDemandSettings()
    push: PushSettings = PushSettings()
    http: HttpSettings = HttpSettings()
    retention: RetentionSettings = RetentionSettings()
    notifications: NotifierSection = {}
    remediation: RemediationSettings = RemediationSettings()
    contact: Annotated[str | None, AfterValidator(_check_contact)] = None
    log_format: Literal["auto", "json", "text"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="before")
    @classmethod
    def _has_the_password(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values_with_password(values)

    @model_validator(mode="after")
    def _has_a_way(self) -> ServiceSettings:
        usual_route(self.probe.proxy, self._loaded_proxies, self.probe.source_address)
        return self

    @property
    def _loaded_proxies(self) -> dict[str, Proxy]:
        return {name: one.load(name) for name, one in self.proxies.items()}

    @model_validator(mode="after")
    def _tells_sources_apart(self) -> ServiceSettings:
        names = [API_SOURCE, *(source.source_name() for source in self.sources)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sources have the name {name!r}: give one a different `name`")
        return self

    @model_validator(mode="after")
    def _has_a_database_for_workers(self) -> ServiceSettings:
        if self.workers.enabled and not self.database.startswith("postgresql"):
            raise ValueError(
                "workers need a PostgreSQL database: set `database` to a postgresql:// URL, or remove "
                "`workers`"
            )
        return self

    @property
    def sources(self) -> tuple[SourceSettings, ...]:
        """All sources, including the targets files."""
        files = (FileSettings(type="file", path=path) for path in self.targets_files)
        return (*files, *self.discovery)

    @property
    def paces(self) -> tuple[IntervalPolicy, ...]:
        """The paces for labels, and last the default pace."""
        general = IntervalPolicy(
            interval_seconds=self.interval_seconds,
            enumerate_seconds=self.enumerate_interval_seconds,
            closed=tuple(map(split_span, self.maintenance_windows)),
        )
        return (*(one.pace(general) for one in self.schedules), general)

    @property
    def gate(self) -> SocketGate:
        """Which sockets the service may open."""
        return SocketGate(
            deny=DenyList(self.deny),
            egress=self.egress.policy(),
            allow=self.allow,
            guards_reserved=True,
            fetch_networks=self.probe.fetch_networks,
            fetch_ports=frozenset(self.probe.fetch_ports),
        )

    @property
    def probe_settings(self) -> ProbeSettings:
        """The engine's settings."""
        proxies = self._loaded_proxies
        return ProbeSettings(
            **self.probe.model_dump(
                exclude={"checks", "name_servers", *_OF_THE_WAY, *_OF_THE_GATE}
            ),
            gate=self.gate,
            route=usual_route(self.probe.proxy, proxies, self.probe.source_address),
            proxies=proxies,
            name_servers=tuple(map(split_name_server, self.probe.name_servers)),
            parts=parse_parts(self.probe.checks),
            user_agent=user_agent(self.contact),
            trust_stores=dict(self.trust_stores),
            client_identities={
                name: files.load(name) for name, files in self.client_identities.items()
            },
        )

    def ruled_sources(self, context: SourceContext) -> tuple[RuledSource, ...]:
        """All sources with their rules; the common rules follow each source's own."""
        common = tuple(one.rule() for one in self.relabel)
        values = self.label_values
        return (
            *(one.ruled(context, common, values) for one in self.sources),
            *(ruled_api_source(one, common, values) for one in context.more),
        )

    @property
    def names_targets(self) -> bool:
        """Whether the configuration has targets, or sources of them; clients may add more through the API."""
        return bool(self.targets_files or self.discovery or self.policies)

    @property
    def label_values(self) -> ConfiguredNames:
        """The names of this configuration that labels may have as values."""
        return configured_names(self.client_identities, self.trust_stores, self.proxies)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources of values, highest precedence first; a ``.env`` file in the working directory is never read."""
        return init_settings, env_settings, _ConfigFile(settings_cls)


class _ConfigFile(PydanticBaseSettingsSource):
    """The YAML file that the command line or TLSPROBE_CONFIG_FILE names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError("the file is read as a whole, by __call__")

    def __call__(self) -> dict[str, Any]:
        named = self.current_state.get("config_file")
        if named is None:
            return {}
        file = read_yaml_mapping(Path(named))
        if line := file.lines.get(("config_file",)):
            raise ConfigError(
                f"{named}, line {line}: a configuration file cannot name another: remove this line"
            )
        return dict(file.values)
