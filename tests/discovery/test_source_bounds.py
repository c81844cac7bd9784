"""A source that yields too much fails with an error; it never blocks the loop and never drops targets silently."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.apis.consul import read_consul
from discovery.apis.docker import read_docker
from discovery.apis.http_sd import read_http_sd
from discovery.apis.json_text import read_json
from discovery.apis.prometheus import read_prometheus
from discovery.apis.web import WebApi
from discovery.bounds import LONGEST_LABEL
from discovery.cloud.azure.reader import AzureReader
from discovery.cloud.google.reader import GoogleCloudReader
from discovery.files.targets_file import TargetsFileError, read_targets_file
from discovery.found import SourceLocation, meta, read_locations
from discovery.names import read_names
from discovery.source import PolledSource, SourceError
from tests.pki.revocation.servers import web_server

pytestmark = pytest.mark.slow

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.sampled_from([None, 1]))
def test_json_is_read_as_the_standard_library_does(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert read_json(text) == json.loads(text)


@given(st.text(alphabet='[]{},:" \\u0019e-.truenlfas\n', max_size=20))
def test_texts_that_are_not_json_are_refused_as_by_the_standard_library(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            read_json(text)
    else:
        assert repr(read_json(text)) == repr(expected)


def test_json_has_bounds_on_values_depth_and_strings() -> None:
    assert read_json("[[],[]]", most_values=3) == [[], []]
    with pytest.raises(ValueError, match="too many values"):
        read_json("[[],[],[]]", most_values=3)
    with pytest.raises(ValueError, match="nested deeper than 64"):
        read_json("[" * 65 + "]" * 65)
    with pytest.raises(ValueError, match="invalid JSON at character 1"):
        read_json('["' + "a" * (1 << 20) + '"]')


def sd(count: int, **labels: str) -> bytes:
    targets = [f"h{number}.test:443" for number in range(count)]
    return json.dumps([{"targets": targets, "labels": labels}]).encode()


async def test_more_targets_than_allowed_are_an_error_that_names_the_setting() -> None:
    async with web_server({"/sd": sd(11)}) as server:
        api = WebApi(url=server.url("/sd"))
        assert len((await read_http_sd(api, "sd", 11)).targets) == 11
        with pytest.raises(
            SourceError, match=r"sd has more than 10 targets: raise discovery\[\]\.max_targets"
        ):
            await read_http_sd(api, "sd", 10)


async def test_a_small_answer_cannot_produce_too_many_labels() -> None:
    """The labels of a group apply to each of its targets."""
    labels = {f"l{number}": "x" for number in range(1000)}
    async with web_server({"/sd": sd(100, **labels)}) as server:
        with pytest.raises(SourceError, match="more than 3200 labels in all"):
            await read_http_sd(WebApi(url=server.url("/sd")), "sd", 100)


async def test_a_label_too_long_for_rules_costs_its_group() -> None:
    async with web_server({"/sd": sd(1, note="x" * (LONGEST_LABEL + 1))}) as server:
        reading = await read_http_sd(WebApi(url=server.url("/sd")), "sd")
    assert reading.targets == ()
    assert reading.skipped[0].problem == "the label 'note' is longer than 4096 characters"
    about = {"long": "x" * (LONGEST_LABEL + 1), "short": "x" * LONGEST_LABEL}
    assert meta("kind", about).keys() == {"__meta_kind_short"}


def test_the_targets_of_any_source_are_bounded() -> None:
    places = [SourceLocation(host=f"h{number}.test", port=443) for number in range(6)]
    assert len(read_locations(places, "any", 6).targets) == 6
    with pytest.raises(SourceError, match="any has more than 5 targets"):
        read_locations(places, "any", 5)


@pytest.mark.parametrize(
    ("name", "text"),
    [("t.csv", "target\na.test\nb.test\na.test\n"), ("t.yml", "- a.test\n- b.test\n- a.test\n")],
)
def test_a_file_has_the_bound_of_its_source(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert len(read_targets_file(path, 2).targets) == 2
    with pytest.raises(TargetsFileError, match=r"line [23]"):
        read_targets_file(path, 1)


GOOGLE_LISTS = tuple(
    f"/compute/v1/projects/p/{path}?returnPartialSuccess=true"
    for path in (
        "aggregated/forwardingRules",
        "aggregated/targetHttpsProxies",
        "aggregated/sslPolicies",
        "aggregated/sslCertificates",
        "global/targetSslProxies",
    )
)
AZURE_LISTS = tuple(
    f"/subscriptions/s/providers/Microsoft.Network/{path}?api-version=2024-05-01"
    for path in (
        "applicationGateways",
        "publicIPAddresses",
        "applicationGatewayAvailableSslOptions/default/predefinedPolicies",
    )
)
ANSWERS: tuple[Any, ...] = (
    None, 5, "x", [], {}, [5], [[]], {"a": 5}, {"data": 5}, {"data": {"activeTargets": 5}},
    {"data": {"activeTargets": [{"labels": 5, "scrapeUrl": []}]}}, [{"Labels": "x"}],
    [{"Labels": {"tlsprobe.port": "1"}, "NetworkSettings": "x"}], [{"Labels": {"tlsprobe.port": "9" * 5000, "tlsprobe.host": "a"}}],
    [{"ServiceTags": 5, "ServicePort": 1}], [{"ServiceMeta": "x", "ServicePort": 1}], [{"targets": [{}], "labels": {}}],
    [{"targets": [], "labels": {"a": {}}}], {"items": {"global": {"forwardingRules": [{"target": 5}]}}},
    {"value": [{}]}, {"value": [{"properties": {"httpListeners": [{"properties": {"protocol": "Https"}}]}}], "nextLink": 5},
)  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS, ids=repr)
async def test_no_answer_of_a_server_stops_the_service(answer: Any) -> None:
    """Each source reaches its next reading, with its targets or with an error."""
    body = json.dumps(answer).encode()
    paths = ("/sd", "/api/v1/targets", "/containers/json", "/v1/catalog/service/a", "/list")
    files = dict.fromkeys((*paths, *GOOGLE_LISTS, *AZURE_LISTS), body) | {
        "/v1/catalog/services": b'{"a": []}'
    }
    async with web_server(files) as server:
        readers = {
            "http_sd": lambda: read_http_sd(WebApi(url=server.url("/sd")), "sd"),
            "prometheus": lambda: read_prometheus(WebApi(url=server.url("")), "prometheus"),
            "docker": lambda: read_docker(WebApi(url=server.url("")), "docker"),
            "consul": lambda: read_consul(WebApi(url=server.url("")), "consul"),
            "google_cloud": GoogleCloudReader(WebApi(url=server.url("")), "p", "google_cloud").read,
            "azure": AzureReader(WebApi(url=server.url("")), "s", "azure").read,
            "names": lambda: read_names((), [WebApi(url=server.url("/list"))], [443], "names"),
        }
        for name, read in readers.items():
            updates = aiter(PolledSource(name, read, refresh_seconds=0.001).watch())
            for _ in range(2):
                update = await anext(updates)
                assert (update.targets is None) is (update.error is not None), name


async def test_a_large_answer_does_not_block_the_loop() -> None:
    """The loop keeps running while 100,000 targets are parsed; a single C call would block it."""
    beats = 0

    async def heartbeat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    async with web_server({"/sd": sd(100_000)}) as server:
        api = WebApi(url=server.url("/sd"))
        beating = asyncio.create_task(heartbeat())
        reading = await read_http_sd(api, "sd")
        beating.cancel()
    assert len(reading.targets) == 100_000
    assert beats >= 20
