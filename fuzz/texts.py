"""What owners and operators write: targets, configurations, policies, recordings, trust stores, lists of sources and logs."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from discovery.apis.json_text import read_json
from discovery.declared import leaf_sha256
from discovery.files.targets_file import TargetsFileError, read_targets_file
from discovery.names import locations_in
from discovery.server_files.apache import read_apache
from discovery.server_files.caddy import read_caddy
from discovery.server_files.haproxy import read_haproxy
from discovery.server_files.nginx import read_nginx
from discovery.source import SourceError
from discovery.targets import TargetError, parse_target
from pki.certificates import TrustStoreError
from pki.certificates.trust_files import read_anchors
from pki.transparency.log_list import LogListError, read_log_list
from policy.files.yaml_file import ConfigError, read_yaml_mapping
from probe.recording.visit import RecordingError, from_lines
from probe.web.url import read_url
from service.config.web_config.web_config import read_web_config
from tlsprobe.errors import TlsprobeError
from tlsprobe.observation_json import from_json

_SERVER_FILES: Final[Mapping[str, Callable[[list[Path]], Iterable[object]]]] = {
    "nginx.conf": read_nginx,
    "haproxy.cfg": read_haproxy,
    "apache.conf": read_apache,
    "Caddyfile": read_caddy,
}


@contextmanager
def _file(name: str, content: bytes) -> Iterator[Path]:
    """A file with this name and content, until the end of the block."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, name)
        file.write_bytes(content)
        yield file


def server_files(some: bytes) -> None:
    """A server's configuration is read, or refused with a sentence."""
    for name, read in _SERVER_FILES.items():
        with _file(name, some) as file, suppress(SourceError):
            list(read([file]))


def targets_files(some: bytes) -> None:
    """A targets file in any format is read, or refused with its line."""
    for name in ("targets.yml", "targets.csv", "targets.json"):
        with _file(name, some) as file, suppress(TargetsFileError):
            read_targets_file(file)


def yaml_files(some: bytes) -> None:
    """A configuration or policy file is a mapping, or refused with its line."""
    with _file("file.yml", some) as file, suppress(ConfigError):
        read_yaml_mapping(file)


def web_configurations(some: bytes) -> None:
    """A web configuration of Prometheus' exporters is read, or refused with its line."""
    with _file("web.yml", some) as file, suppress(ConfigError):
        read_web_config(file)


def trust_files(some: bytes) -> None:
    """A trust store in PEM is read, or refused with a sentence; a server's own certificate is the first of its file."""
    with _file("anchors.pem", some) as file:
        leaf = leaf_sha256(some)
        with suppress(TrustStoreError):
            assert leaf == hashlib.sha256(read_anchors(file)[0]).hexdigest()


def log_lists(some: bytes) -> None:
    """A list of certificate transparency logs is read, or refused with a sentence."""
    with _file("logs.json", some) as file, suppress(LogListError):
        logs = read_log_list(file)
        assert all(hashlib.sha256(one.key).digest() == key for key, one in logs.items())


def source_texts(some: bytes) -> None:
    """A target, a URL, JSON and a feed of names are read, or refused."""
    text = some.decode("utf-8", "replace")
    with suppress(TargetError):
        parse_target(text)
    with suppress(ValueError):
        read_url(text)
    with suppress(ValueError):
        read_json(text)
    with suppress(SourceError):
        list(locations_in(text, "feed", (443,)))


def recordings(some: bytes) -> None:
    """A recording is read, or refused with its line."""
    with suppress(RecordingError):
        list(from_lines(some.decode("utf-8", "replace").splitlines()))


def observations(some: bytes) -> None:
    """JSON of an Observation is read, or refused by the API's own error."""
    with suppress(TlsprobeError):
        from_json(some)
