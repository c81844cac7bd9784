"""Acting labels count only if they come from the configuration, or from a source that it trusts."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from discovery.apis.http_sd import read_http_sd
from discovery.apis.web import WebApi
from discovery.merge import sift
from discovery.relabel import Rule, relabelled
from discovery.trust import LabelRules
from model import target_labels
from model.target import Target
from model.target_labels import ACTING_LABELS, ACTING_NAMES
from pki.net_guard.gate import SocketGate
from service.config.discovery import FileSettings, HttpSdSettings, ServerFilesSettings
from service.config.relabel import RelabelRule
from service.sources.target_sources import RuledSource
from tests.pki.revocation.servers import web_server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ROOMS = ("model", "probe", "policy", "storage", "exporters", "service")


def rules(*fields: dict[str, Any]) -> tuple[Rule, ...]:
    return tuple(RelabelRule.model_validate(one).rule() for one in fields)


def target(**labels: str) -> Target:
    return Target(host="a.test", port=443, server_name="a.test", labels=labels, source="sd")


def labels_read() -> Iterator[tuple[str, ast.expr]]:
    """Every place in the code that looks up one label of a target, and the name that it looks up."""
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Subscript(value=ast.Attribute(attr="labels") as where, slice=key):
                    pass
                case ast.Call(
                    func=ast.Attribute(attr="get", value=ast.Attribute(attr="labels") as where),
                    args=[key, *_],
                ):
                    pass
                case ast.Compare(
                    left=key, ops=[ast.In()], comparators=[ast.Attribute(attr="labels") as where]
                ):
                    pass
                case _:
                    continue
            if "target" in ast.unparse(where):
                yield str(path.relative_to(ROOT)), key


def test_every_label_that_is_read_by_name_is_in_the_table() -> None:
    """Constants of the table, or names from the operator's own configuration."""
    constants = {name for name in vars(target_labels) if name.isupper()}
    by_operator = {
        "probe/visit/transports.py:label",  # identity, called with the two constants below
        "model/claims/declared.py:label",  # _of_labels, likewise
        "scheduling/interval.py:name",
        "policy/policy.py:name",
        "exporters/reports/builder.py:grouped_by",
    }
    seen = {
        f"{path}:{ast.unparse(key)}"
        for path, key in labels_read()
        if ast.unparse(key) not in constants
    }
    assert seen <= by_operator
    assert {ast.unparse(key) for _, key in labels_read()} & constants


def test_the_table_has_each_constant_once_and_the_docs_have_each_row() -> None:
    constants = [
        text
        for name, text in vars(target_labels).items()
        if name.isupper() and isinstance(text, str)
    ]
    assert sorted(constants) == sorted(label.name for label in ACTING_LABELS)
    page = (ROOT / "docs/reference/targets.md").read_text()
    rows = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert rows >= ACTING_NAMES


@pytest.mark.parametrize("name", sorted(ACTING_NAMES))
async def test_an_answer_of_http_sd_sets_no_label_that_acts(name: str) -> None:
    groups = [{"targets": ["a.test:443"], "labels": {name: "evil", "team": "pay"}}]
    async with web_server({"/sd": json.dumps(groups).encode()}) as server:
        found = (await read_http_sd(WebApi(url=server.url("/sd")), "sd")).targets
    settings = HttpSdSettings(type="http_sd", url="http://127.0.0.1/")
    sifted = await sift(found, (), SocketGate(), labels=LabelRules(trusted=settings.trusted_labels))
    assert sifted.kept[0].labels == {f"untrusted_{name}": "evil", "team": "pay"}
    assert sifted.untrusted == {name: 1}
    trusting = settings.model_copy(update={"trust_labels": True})
    sifted = await sift(found, (), SocketGate(), labels=LabelRules(trusted=trusting.trusted_labels))
    assert sifted.kept[0].labels == {name: "evil", "team": "pay"}


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "labelmap", "regex": "__meta_kubernetes_annotation_(.+)"},
        {
            "source_labels": ["__meta_kubernetes_annotation_client_identity", "__meta_name"],
            "separator": ";",
            "regex": "(.*);(.*)",
            "target_label": "$2",
            "replacement": "$1",
        },
        {
            "action": "lowercase",
            "source_labels": ["__meta_kubernetes_annotation_client_identity"],
            "target_label": "${1}client_identity",
        },
    ],
)
def test_a_rule_that_copies_names_sets_no_label_that_acts(rule: dict[str, Any]) -> None:
    """With Prometheus' usual labelmap over annotations, anyone who may annotate could choose our certificate."""
    annotated = target(
        __meta_kubernetes_annotation_client_identity="ours",
        __meta_kubernetes_annotation_team="pay",
        __meta_name="client_identity",
    )
    found = relabelled(annotated, rules(rule))
    assert found is not None
    assert "client_identity" not in found.labels
    if rule.get("action") == "labelmap":
        assert found.labels["team"] == "pay"
        trusting = relabelled(annotated, rules(rule), trusted=ACTING_NAMES)
        assert trusting is not None
        assert trusting.labels["client_identity"] == "ours"


def test_a_copying_rule_removes_no_label_that_another_rule_set() -> None:
    found = relabelled(
        target(__meta_annotation_proxy="evil"),
        rules(
            {"target_label": "proxy", "replacement": "corporate"},
            {"action": "labelmap", "regex": "__meta_annotation_(.+)"},
        ),
    )
    assert found is not None
    assert found.labels == {"proxy": "corporate"}


def test_a_rule_that_names_the_label_sets_it() -> None:
    rule = {"target_label": "client_identity", "replacement": "ours"}
    found = relabelled(target(), rules(rule))
    assert found is not None
    assert found.labels == {"client_identity": "ours"}


def test_a_source_cannot_impersonate_another_to_the_rules() -> None:
    """Rules on ``__source__`` see the source itself, even if its response has a label of that name."""
    rule = {
        "source_labels": ["__source__"],
        "regex": "file:.*",
        "target_label": "client_identity",
        "replacement": "ours",
    }
    found = relabelled(target(__source__="file:/etc/targets.yml"), rules(rule))
    assert found is not None
    assert found.labels == {}


def test_labels_computed_by_a_source_are_trusted() -> None:
    settings = ServerFilesSettings(type="nginx", paths=(Path("x"),))
    assert settings.trusted_labels == {"proxy_protocol"}
    assert FileSettings(type="file", path=Path("x")).trusted_labels == ACTING_NAMES


def test_targets_of_an_earlier_run_keep_only_labels_set_by_source_or_rules() -> None:
    class Silent:
        name = "sd"

        def watch(self) -> Any:
            raise AssertionError("this file is not read here")

    ruled = RuledSource(source=Silent(), rules=rules({"target_label": "proxy", "replacement": "x"}))
    again = ruled.still_trusted(target(client_identity="ours", proxy="x", team="pay"))
    assert again.labels == {"untrusted_client_identity": "ours", "proxy": "x", "team": "pay"}
