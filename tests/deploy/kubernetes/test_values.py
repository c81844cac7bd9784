"""Every value of the chart that its schema names changes what the chart renders, and every other one is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

import helm_python
import pytest

from scripts.manifests import CHART, rendered
from tests.deploy.files import read_yaml
from tests.deploy.kubernetes.rendering import EVERYTHING, ONE_POD

SCHEMA: Final[dict[str, Any]] = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS: Final[dict[str, Any]] = read_yaml(CHART / "values.yaml")
OF_HELM: Final = "global"


def leaves(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of each value that has an example."""
    for name, one in schema["properties"].items():
        if "examples" in one:
            yield (*path, name)
        elif name != OF_HELM:
            yield from leaves(one, (*path, name))


def at(schema: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for name in path:
        schema = schema["properties"][name]
    return schema


def with_value(values: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    changed = deepcopy(dict(values))
    inner = changed
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
    inner[path[-1]] = value
    return changed


LEAVES: Final = sorted(leaves(SCHEMA))
WORKER: Final = SCHEMA["$defs"]["workers"]["properties"]
OBJECTS: Final = sorted({leaf[:depth] for leaf in LEAVES for depth in range(len(leaf))})
CLOSED: Final = [path for path in OBJECTS if at(SCHEMA, path).get("additionalProperties") is False]


@pytest.fixture(scope="module")
def unchanged() -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Values of a small and of a large installation, with what they render."""
    return [(values, rendered(values)) for values in (ONE_POD, EVERYTHING)]


def test_schema_and_defaults_name_the_same_values() -> None:
    for path in OBJECTS:
        default: Any = DEFAULTS
        for name in path:
            default = default[name]
        assert default.keys() == at(SCHEMA, path)["properties"].keys() - {OF_HELM}, path


def effect(values: dict[str, Any]) -> dict[str, str] | None:
    """What is rendered; None if the values do not work together."""
    try:
        return rendered(values)
    except helm_python.HelmError:
        return None


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_a_value_changes_the_manifests(
    path: tuple[str, ...], unchanged: list[tuple[dict[str, Any], dict[str, str]]]
) -> None:
    (example,) = at(SCHEMA, path)["examples"]
    changed = [
        effect(with_value(values, path, example)) not in (before, None)
        for values, before in unchanged
    ]
    assert any(changed)


@pytest.mark.parametrize("name", sorted(WORKER.keys() - {"name"}))
def test_a_value_of_workers_changes_the_manifests(name: str) -> None:
    worker = {"name": "lab"}
    (example,) = WORKER[name]["examples"]
    before = rendered({**EVERYTHING, "workers": [worker]})
    assert rendered({**EVERYTHING, "workers": [{**worker, name: example}]}) != before


@pytest.mark.parametrize("path", CLOSED, ids=lambda path: ".".join(path) or "values")
def test_a_value_that_the_schema_does_not_name_is_refused(path: tuple[str, ...]) -> None:
    with pytest.raises(helm_python.HelmError, match="unknwon"):
        rendered(with_value(ONE_POD, (*path, "unknwon"), "x"))


def test_every_object_of_the_schema_is_closed() -> None:
    assert CLOSED == OBJECTS


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_a_value_of_the_wrong_type_is_refused(path: tuple[str, ...]) -> None:
    (example,) = at(SCHEMA, path)["examples"]
    wrong = 1.5 if isinstance(example, str | list | dict) else "x"
    with pytest.raises(helm_python.HelmError, match=path[-1]):
        rendered(with_value(ONE_POD, path, wrong))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"listener": ONE_POD["listener"]}, "targets: there is nothing to probe"),
        ({**ONE_POD, "replicas": 2}, "replicas: more than one needs PostgreSQL"),
        ({**ONE_POD, "workers": [{"name": "a"}]}, "workers: they need PostgreSQL"),
        ({**ONE_POD, "config": {"listen": "[::]:1"}}, "config.listen: .* use listener.address"),
        (
            {**ONE_POD, "config": {"database": "postgresql://u:p@h/d"}},
            "config.database: .* use database.secret",
        ),
        ({**ONE_POD, "config": {"targets_files": []}}, "config.targets_files: .* use targets"),
        ({**ONE_POD, "config": {"state_directory": "/"}}, "config.state_directory: "),
        ({**ONE_POD, "config": {"workers": {"enabled": True}}}, "config.workers.enabled: "),
        (
            {
                **ONE_POD,
                "listener": {"webConfig": "a"},
                "secretFiles": [{"name": "web", "secret": "b"}],
            },
            "secretFiles: the name web",
        ),
        ({"targets": ["www.example.com"]}, "listener: without credentials"),
        ({**ONE_POD, "files": {"tlsprobe.yml": ""}}, "files.tlsprobe.yml: .* use config"),
        (
            {**ONE_POD, "podMonitor": {"enabled": True}, "serviceMonitor": {"enabled": True}},
            "podMonitor, serviceMonitor: ",
        ),
    ],
    ids=lambda one: one.partition(":")[0] if isinstance(one, str) else "",
)
def test_values_that_cannot_work_together_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(helm_python.HelmError, match=words):
        rendered(values)


def test_settings_of_workers_are_kept() -> None:
    values = {**EVERYTHING, "config": {"workers": {"probes_per_job": 7}}}
    assert "probes_per_job: 7" in rendered(values)["configmap"]
