"""docs/start/kubernetes.md: its Helm commands and its files do what the page describes, as far as no cluster is needed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from scripts.manifests import CHART, MANIFESTS, ROOT, main, merged, rendered
from service.config.load import load_settings
from tests.deploy.files import dockerfile_instruction
from tests.deploy.kubernetes.rendering import objects, of_kind, one_of_kind
from tests.docs.page_blocks import File, steps

PAGE: Final = (ROOT / "docs/start/kubernetes.md").read_text(encoding="utf-8")
FILES: Final = {one.name: one.text for one in steps(PAGE) if isinstance(one, File)}
HELM: Final = re.findall(r"^helm (.*)$", PAGE, re.MULTILINE)


def options(command: str) -> Iterator[tuple[str, str]]:
    """The options of a Helm command that have a value."""
    words = shlex.split(command)
    for name, value in pairwise(words):
        if name in {"--namespace", "--values"}:
            yield name, value


def values_of(command: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, file in options(command):
        if name == "--values":
            values = merged(values, yaml.safe_load(FILES[file]))
    return values


@pytest.mark.parametrize("command", HELM, ids=range(len(HELM)))
def test_a_helm_command_names_the_chart_and_values_that_it_accepts(command: str) -> None:
    words = shlex.split(command)
    assert words[0] in {"upgrade", "template"}
    release, chart = [one for one in words[1:] if not one.startswith("--")][:2]
    assert ROOT / chart == CHART
    namespaces = [value for name, value in options(command) if name == "--namespace"]
    texts = rendered(values_of(command), name=release, namespace=namespaces[0])
    assert "name: tlsprobe\n" in texts["deployment"]


def test_the_page_has_helm_commands_and_every_file_of_values_is_used() -> None:
    used = {value for command in HELM for name, value in options(command) if name == "--values"}
    assert used | {"values-secrets.yml", "values-tls.yml", "prometheus.yml"} == FILES.keys()
    assert len(HELM) == 5


def test_the_manifest_without_helm_has_the_objects_of_helm_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (written,) = re.findall(r"^\.venv/bin/python -m scripts\.manifests (.*) >", PAGE, re.MULTILINE)
    (template,) = (one for one in HELM if one.startswith("template"))
    names = [value for name, value in options(template) if name == "--values"]
    assert written.split() == names
    for name in names:
        (tmp_path / name).write_text(FILES[name])
    monkeypatch.chdir(tmp_path)
    main(written.split())
    printed = [one["kind"] for one in yaml.safe_load_all(capsys.readouterr().out)]
    expected = [one["kind"] for one in objects(values_of(template))]
    assert sorted(printed) == sorted([*expected, "Namespace"])


def test_the_private_ca_is_where_the_settings_look() -> None:
    values = merged(yaml.safe_load(FILES["values.yml"]), yaml.safe_load(FILES["values-ca.yml"]))
    data = one_of_kind(objects(values), "ConfigMap")["data"]
    stores = yaml.safe_load(data["tlsprobe.yml"])["trust_stores"]
    assert Path(stores["internal"]).name in data
    assert Path(stores["internal"]).parent == Path("/etc/tlsprobe")


def test_every_kubectl_command_names_objects_that_exist() -> None:
    (first, *_) = HELM
    found = objects(values_of(first))
    commands = re.findall(r"^kubectl -n (\w+) .*\bdeploy(?:ment)?/(\w+)", PAGE, re.MULTILINE)
    deployed = {
        (one["metadata"]["namespace"], one["metadata"]["name"])
        for one in of_kind(found, "Deployment")
    }
    assert set(commands) == deployed
    applied = re.findall(r"kubectl apply -f (\S+)", PAGE)
    assert applied
    assert all((ROOT / file).is_file() for file in applied)


def test_the_secrets_are_where_the_settings_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = merged(
        yaml.safe_load(FILES["values.yml"]), yaml.safe_load(FILES["values-secrets.yml"])
    )
    file = tmp_path / "tlsprobe.yml"
    file.write_text(one_of_kind(objects(values), "ConfigMap")["data"][file.name])
    monkeypatch.setenv("PROBE_TOKEN", "0123456789abcdef")
    assert load_settings(file).http.admin_token == "0123456789abcdef"


def test_prometheus_uses_tls_and_its_credentials() -> None:
    values = merged(
        merged(yaml.safe_load(FILES["values.yml"]), yaml.safe_load(FILES["values-prometheus.yml"])),
        yaml.safe_load(FILES["values-tls.yml"]),
    )
    endpoints = one_of_kind(objects(values), "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert [one["scheme"] for one in endpoints] == ["https", "https"]
    for one in endpoints:
        assert one["tlsConfig"]["serverName"] == "tlsprobe.tlsprobe.svc"
        assert one["basicAuth"].keys() == {"username", "password"}


def test_prometheus_requests_a_name_that_the_service_answers_to(tmp_path: Path) -> None:
    config = one_of_kind(objects(yaml.safe_load(FILES["values.yml"])), "ConfigMap")
    file = tmp_path / "tlsprobe.yml"
    file.write_text(config["data"][file.name])
    jobs = yaml.safe_load(FILES["prometheus.yml"])["scrape_configs"]
    (asked,) = {job["static_configs"][0]["targets"][0] for job in jobs}
    host, _, port = asked.rpartition(":")
    assert host in load_settings(file).http.allowed_hosts
    assert port == dockerfile_instruction("EXPOSE")


def test_every_manifest_that_the_page_names_exists() -> None:
    named = set(re.findall(r"deploy/kubernetes/([\w-]+\.yml)", PAGE))
    assert named == {path.name for path in MANIFESTS.glob("*.yml")}
