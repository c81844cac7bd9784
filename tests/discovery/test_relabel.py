"""Relabelling is compared with a real Prometheus, which shows each target before and after its rules."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from discovery.relabel import Action, Rule, labels_of, relabel, relabelled
from discovery.targets import TargetError
from model.target import Target
from service.config.relabel import RelabelRule
from tests.support.plain_http import get
from tests.support.ports import free_port
from tests.zoo.process import Command, running

TARGETS: Final = (
    ("127.0.0.2:443", {"team": "payments", "env": "prod", "__meta_zone": "dmz"}),
    ("127.0.0.3:8443", {"team": "Search", "env": "test", "empty": ""}),
    ("127.0.0.7:443", {"team": "payments", "port": "127.0.0.7:443"}),
)
RULE_SETS: Final[dict[str, list[dict[str, Any]]]] = {
    "none": [],
    "keep": [{"action": "keep", "source_labels": ["team"], "regex": "pay.*"}],
    "keep is anchored": [{"action": "keep", "source_labels": ["team"], "regex": "pay"}],
    "drop two joined": [
        {"action": "drop", "source_labels": ["team", "env"], "regex": "payments;prod"}
    ],
    "replace with groups": [
        {
            "source_labels": ["__address__"],
            "regex": "([^:]+):(\\d+)",
            "target_label": "at_${2}",
            "replacement": "${1}/$2/$$",
        }
    ],
    "replace that does not match": [
        {"source_labels": ["team"], "regex": "nobody", "target_label": "team", "replacement": "x"}
    ],
    "replace by nothing removes": [{"target_label": "team", "replacement": ""}],
    "labelmap": [{"action": "labelmap", "regex": "__meta_(z.+)", "replacement": "seen_$1"}],
    "labeldrop": [{"action": "labeldrop", "regex": "e.*"}],
    "labelkeep": [{"action": "labelkeep", "regex": "team|__.*"}],
    "hashmod": [
        {
            "action": "hashmod",
            "source_labels": ["__address__"],
            "modulus": 7,
            "target_label": "shard",
        }
    ],
    "lower and upper": [
        {"action": "lowercase", "source_labels": ["team"], "target_label": "low"},
        {"action": "uppercase", "source_labels": ["team"], "target_label": "high"},
    ],
    "keepequal": [
        {"action": "keepequal", "source_labels": ["__address__"], "target_label": "port"}
    ],
    "dropequal": [
        {"action": "dropequal", "source_labels": ["__address__"], "target_label": "port"}
    ],
    "separator": [{"source_labels": ["team", "env"], "separator": "/", "target_label": "place"}],
}


def rules(said: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    return tuple(RelabelRule(**one).rule() for one in said)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The targets as Prometheus shows them, with one job per set of rules; it scrapes none of them."""
    directory = tmp_path_factory.mktemp("prometheus")
    groups = [{"targets": [address], "labels": labels} for address, labels in TARGETS]
    (directory / "targets.json").write_text(json.dumps(groups))
    jobs = [
        {
            "job_name": name,
            "scrape_interval": "365d",
            "file_sd_configs": [{"files": [str(directory / "targets.json")]}],
            "relabel_configs": said,
        }
        for name, said in RULE_SETS.items()
    ]
    (directory / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": jobs}))
    port = free_port()
    command = Command(
        arguments=[
            "prometheus",
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        ready="Server is ready to receive web requests",
    )
    with running(command, directory):
        while True:
            data = get(f"http://127.0.0.1:{port}/api/v1/targets").json()["data"]
            seen = [*data["activeTargets"], *data["droppedTargets"]]
            if len(seen) == len(TARGETS) * len(RULE_SETS):
                return {"active": data["activeTargets"], "dropped": data["droppedTargets"]}
            time.sleep(0.2)  # it takes over what its files say once in five seconds


@pytest.mark.integration
@pytest.mark.parametrize("name", RULE_SETS)
def test_prometheus_relabels_in_the_same_way(name: str, told: dict[str, Any]) -> None:
    applied = rules(RULE_SETS[name])
    theirs = {
        str(one["scrapeUrl"]).split("/")[2]: {
            key: text for key, text in one["labels"].items() if key != "instance"
        }
        for one in told["active"]
        if one["scrapePool"] == name
    }
    ours = {}
    for address, labels in TARGETS:
        found = relabel({"__address__": address, "job": name, **labels}, applied)
        if found is not None:
            ours[address] = {
                key: text for key, text in found.items() if text and not key.startswith("__")
            }
    assert ours == theirs


def target(**labels: str) -> Target:
    return Target(host="a.test", port=443, server_name="a.test", labels=labels, source="file:x")


def test_relabelling_labels_are_removed_with_and_without_rules() -> None:
    found = relabelled(target(team="a", __meta_zone="dmz"), ())
    assert found is not None
    assert found.labels == {"team": "a"}
    mapped = relabelled(target(__meta_zone="dmz"), rules(RULE_SETS["labelmap"]))
    assert mapped is not None
    assert mapped.labels == {"seen_zone": "dmz"}


def test_an_address_may_be_rewritten_and_its_server_name_follows() -> None:
    moved = relabelled(
        target(), rules([{"target_label": "__address__", "replacement": "b.test:1"}])
    )
    assert moved is not None
    assert (moved.host, moved.port, moved.server_name) == ("b.test", 1, "b.test")
    assert moved.source == "file:x"


@pytest.mark.parametrize("name", ["inside.test", "a.test"])
def test_a_server_name_that_a_rule_sets_stays(name: str) -> None:
    said: list[dict[str, Any]] = [
        {"target_label": "__address__", "replacement": "10.0.0.1:443"},
        {"source_labels": ["__meta_name"], "target_label": "__server_name__"},
    ]
    moved = relabelled(target(__meta_name=name), rules(said))
    assert moved is not None
    assert (moved.host, moved.server_name) == ("10.0.0.1", name)


def test_an_impossible_address_is_reported() -> None:
    said = rules([{"target_label": "__address__", "replacement": "a.test:99999"}])
    with pytest.raises(TargetError, match="no valid port"):
        relabelled(target(), said)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"regex": "(", "target_label": "x"}, "regex"),
        ({"action": "replace"}, "target_label"),
        ({"action": "hashmod", "target_label": "x"}, "modulus"),
    ],
)
def test_invalid_rules_are_refused_with_a_reason(said: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RelabelRule(**said).rule()


@given(st.dictionaries(st.sampled_from(["a", "b", "__address__"]), st.text(max_size=9)), st.data())
def test_no_labels_make_a_rule_fail(labels: dict[str, str], data: st.DataObject) -> None:
    action = data.draw(st.sampled_from(Action))
    rule = Rule(
        action=action,
        source_labels=("a", "b"),
        target_label="c",
        regex=re.compile("(.*)"),
        modulus=3,
    )
    found = relabel(labels, [rule])
    assert found is None or all(isinstance(text, str) for text in found.values())


def test_rules_see_all_known_facts() -> None:
    assert labels_of(target(team="a")) == {
        "__address__": "a.test:443",
        "__server_name__": "a.test",
        "__protocol__": "tls",
        "__source__": "file:x",
        "team": "a",
    }
