"""Sources that are web APIs: their documented replies over real HTTP, and a real Prometheus."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from discovery.apis.consul import Wanted, read_consul
from discovery.apis.docker import read_docker
from discovery.apis.http_sd import read_http_sd
from discovery.apis.prometheus import read_prometheus
from discovery.apis.web import RefusedError, WebApi
from discovery.names import read_names
from discovery.source import SourceError
from model.target import Target
from service.setting_types.secrets import token_reader
from tests.pki.revocation.servers import WebServer, web_server
from tests.support.ports import free_port
from tests.zoo.process import Command, running


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def api(server: WebServer, path: str = "") -> WebApi:
    return WebApi(url=server.url(path), timeout_seconds=5.0)


def keys(targets: Sequence[Target]) -> list[str]:
    return [target.key for target in targets]


async def test_http_sd_is_read_as_prometheus_documents_it() -> None:
    groups = [
        {"targets": ["10.0.10.2:9100", "a.test"], "labels": {"__meta_datacenter": "london"}},
        {"targets": ["a.test:443"]},
    ]
    async with web_server({"/sd": as_json(groups)}) as server:
        found = (await read_http_sd(api(server, "/sd"), "sd")).targets
    assert keys(found) == ["10.0.10.2:9100", "a.test:443"]
    assert found[0].labels == {"__meta_datacenter": "london"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"no json", "invalid JSON at character 0"),
        (b"{}", "list of objects"),
        (b"[" * 100_000, "nested deeper than 64"),
    ],
)
async def test_an_invalid_answer_is_reported(body: bytes, words: str) -> None:
    async with web_server({"/sd": body}) as server:
        with pytest.raises(SourceError, match=words):
            await read_http_sd(api(server, "/sd"), "sd")


async def test_a_token_comes_from_its_place_and_one_that_cannot_be_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    read_token = token_reader("a source", Path("credential:token"))
    async with web_server({"/sd": b"[]"}) as server:
        place = WebApi(url=server.url("/sd"), read_token=read_token)
        with pytest.raises(SourceError, match="token_file credential:token cannot be read"):
            await read_http_sd(place, "sd")
        for token in ("first-token", "second-token"):
            (tmp_path / "new").write_text(f"{token}\n")
            (tmp_path / "new").replace(tmp_path / "token")
            await read_http_sd(place, "sd")
        (tmp_path / "token").write_text("a-secret\nin-two-lines")
        with pytest.raises(SourceError, match="a character that a header cannot have") as caught:
            await read_http_sd(place, "sd")
    assert "secret" not in str(caught.value)
    sent = [line for head in server.heads for line in head.splitlines() if "Bearer" in line]
    assert sent == ["Authorization: Bearer first-token", "Authorization: Bearer second-token"]


async def test_an_invalid_group_costs_only_itself() -> None:
    groups = [
        {"targets": "a.test"},
        {"targets": ["b.test"], "labels": None},
        {"targets": ["c.test"], "labels": ["x"]},
        {"labels": {}},
    ]
    async with web_server({"/sd": as_json(groups)}) as server:
        found = await read_http_sd(api(server, "/sd"), "sd")
        where = server.url("/sd")
    assert keys(found.targets) == ["b.test:443"]
    assert list(map(str, found.skipped)) == [
        f"{where}, group {number}: it must have a list of targets and a mapping of labels"
        for number in (0, 2, 3)
    ]


async def test_an_invalid_target_costs_only_itself() -> None:
    groups = [{"targets": ["a b", "a.test", "http://b.test"], "labels": {"team": "x"}}]
    async with web_server({"/sd": as_json(groups)}) as server:
        found = await read_http_sd(api(server, "/sd"), "sd")
    assert keys(found.targets) == ["a.test:443"]
    assert [(one.address, one.labels) for one in found.skipped] == [
        ("a b", {"team": "x"}),
        ("http://b.test", {"team": "x"}),
    ]
    assert all("group 0" in one.place for one in found.skipped)


async def test_refusals_silence_and_floods_are_reported() -> None:
    async with web_server() as server:
        with pytest.raises(RefusedError, match="HTTP status 404") as refused:
            await read_http_sd(api(server, "/nowhere"), "sd")
        assert refused.value.status == 404
        with pytest.raises(SourceError, match="within"):
            await read_http_sd(WebApi(url=server.url("/silence"), timeout_seconds=0.2), "sd")
        with pytest.raises(SourceError, match=r"sent more than|did not answer completely"):
            await read_http_sd(api(server, "/flood"), "sd")
    with pytest.raises(SourceError, match="could not be read"):
        await read_http_sd(WebApi(url=server.url("/sd")), "sd")


CONSUL_INSTANCE = {
    "ID": "40e4a748-2192-161a-0510-9bf59fe950b5",
    "Node": "t2.320",
    "Address": "192.168.10.10",
    "Datacenter": "dc1",
    "TaggedAddresses": {"lan": "192.168.10.10", "wan": "10.0.10.10"},
    "NodeMeta": {"somekey": "somevalue"},
    "ServiceAddress": "172.17.0.3",
    "ServiceID": "32a2a47f7992:nodea:5000",
    "ServiceName": "web",
    "ServiceMeta": {"web_meta_value": "baz"},
    "ServicePort": 5000,
    "ServiceTags": ["prod"],
}
"""One element of the documented reply of /v1/catalog/service/:service."""


async def test_a_consul_catalog_is_read() -> None:
    without_address = CONSUL_INSTANCE | {"ServiceAddress": "", "ServiceTags": ["prod", "tls"]}
    files = {
        "/v1/catalog/services": as_json({"consul": [], "web": ["prod", "tls"], "db": ["tls"]}),
        "/v1/catalog/service/web": as_json([CONSUL_INSTANCE, without_address]),
        "/v1/catalog/service/consul": as_json([]),
        "/v1/catalog/service/db": as_json([CONSUL_INSTANCE | {"ServicePort": 5432}]),
    }
    async with web_server(files) as server:
        everything = (await read_consul(api(server), "consul")).targets
        wanted = Wanted(services=["web"], tags=["tls"])
        tagged = (await read_consul(api(server), "consul", wanted)).targets
    assert keys(everything) == ["172.17.0.3:5000", "192.168.10.10:5000", "172.17.0.3:5432"]
    assert everything[0].labels == {
        "__meta_consul_service": "web",
        "__meta_consul_service_id": "32a2a47f7992:nodea:5000",
        "__meta_consul_node": "t2.320",
        "__meta_consul_dc": "dc1",
        "__meta_consul_tags": ",prod,",
        "__meta_consul_service_metadata_web_meta_value": "baz",
    }
    assert keys(tagged) == ["192.168.10.10:5000"]


async def test_an_invalid_instance_or_container_costs_only_itself() -> None:
    odd = CONSUL_INSTANCE | {"ServiceTags": 7}
    containers = [
        {"Names": ["/odd"], "Labels": ["tlsprobe.port"]},
        {"Id": "1", "Labels": {"tlsprobe.port": 443, "tlsprobe.host": "a.test"}},
    ]
    files = {
        "/v1/catalog/services": as_json({"web": None}),
        "/v1/catalog/service/web": as_json([odd, CONSUL_INSTANCE]),
        "/containers/json": as_json(containers),
    }
    async with web_server(files) as server:
        instances = await read_consul(api(server), "consul")
        found = await read_docker(api(server), "docker")
    assert keys(instances.targets) == ["172.17.0.3:5000"]
    assert keys(found.targets) == ["a.test:443"]
    (instance,), (container,) = instances.skipped, found.skipped
    assert instance.place == "service web, instance 32a2a47f7992:nodea:5000"
    assert container.place == "container odd"
    assert instance.problem.startswith("the object is invalid")


async def test_tags_that_are_not_a_list_are_reported() -> None:
    async with web_server({"/v1/catalog/services": as_json({"web": "tls"})}) as server:
        with pytest.raises(SourceError, match="the tags of the service web must be a list"):
            await read_consul(api(server), "consul")


async def test_a_named_service_that_the_catalog_does_not_have_is_reported() -> None:
    files = {"/v1/catalog/services": as_json({"web": ["tls"]}), "/v1/catalog/service/web": b"[]"}
    async with web_server(files) as server:
        wanted = Wanted(services=["wbe"], tags=["tls"])
        reading = await read_consul(api(server), "consul", wanted)
    assert list(map(str, reading.skipped)) == [
        "service wbe: the catalog has no such service with the tags tls"
    ]


async def test_containers_are_found_by_their_labels(tmp_path: Path) -> None:
    containers = [
        {
            "Id": "8dfafdbc3a40",
            "Names": ["/boring_feynman"],
            "Image": "ubuntu:latest",
            "Labels": {"tlsprobe.port": "443,8443", "com.example.license": "GPL"},
            "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}},
        },
        {"Id": "9cd87474be90", "Names": ["/coolName"], "Labels": {}},
        {"Id": "x", "Labels": {"tlsprobe.port": "1", "tlsprobe.host": "c.test"}},
        {"Id": "y", "Names": ["/hostnet"], "Labels": {"tlsprobe.port": "443"}},
        {
            "Id": "z",
            "Names": ["/odd"],
            "Labels": {"tlsprobe.port": "https", "tlsprobe.host": "d.test"},
        },
        {"Id": "m", "Names": ["/misspelt"], "Labels": {"tlsprobe.prot": "443"}},
    ]
    body = as_json(containers)
    place = tmp_path / "docker.sock"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(answer, place):
        reading = await read_docker(WebApi(url="http://docker", unix_socket=place), "docker")
    found = reading.targets
    assert keys(found) == ["172.17.0.2:443", "172.17.0.2:8443", "c.test:1"]
    assert list(map(str, reading.skipped)) == [
        "container hostnet: it has no address: set the label tlsprobe.host",
        "container odd: the label tlsprobe.port is 'https': use port numbers",
        "container misspelt: it has tlsprobe.prot and no tlsprobe.port: set tlsprobe.port",
    ]
    assert found[0].labels["__meta_docker_container_name"] == "boring_feynman"
    assert found[0].labels["__meta_docker_container_label_com_example_license"] == "GPL"


async def test_names_in_each_form_of_feed(tmp_path: Path) -> None:
    plain = tmp_path / "names.txt"
    plain.write_text("# ours\na.test\n*.b.test\n\nnot a name\n")
    crt_sh = [{"name_value": "c.test\nd.test"}, {"name_value": None}]
    cert_spotter = b'{"dns_names": ["e.test", "*.a.test"]}\n{"dns_names": []}\n'
    async with web_server({"/a": as_json(crt_sh), "/b": cert_spotter}) as server:
        apis = [api(server, "/a"), api(server, "/b")]
        reading = await read_names([plain], apis, [443, 8443], "ct")
    found = reading.targets
    assert keys(found)[::2] == [f"{name}.test:443" for name in "abcde"]
    assert len(found) == 10
    assert [one.address for one in reading.skipped] == ["not a name:443", "not a name:8443"]
    assert {one.place for one in reading.skipped} == {f"{plain}, line 5"}


async def test_an_entry_of_another_form_is_reported(tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    feed.write_text('[{"name_value": "a.test"}, {"names": ["b.test"]}, 7, {"dns_names": "c.test"}]')
    reading = await read_names([feed], [], [443], "ct")
    assert keys(reading.targets) == ["a.test:443"]
    assert list(map(str, reading.skipped)) == [
        f"{feed}, entry {number}: it has neither dns_names nor name_value" for number in (2, 3, 4)
    ]


async def test_a_broken_feed_is_reported(tmp_path: Path) -> None:
    for text in ("[{", '{"dns_names":'):
        (tmp_path / "feed").write_text(text)
        with pytest.raises(SourceError, match="JSON"):
            await read_names([tmp_path / "feed"], [], [443], "ct")
    with pytest.raises(SourceError, match="cannot be read"):
        await read_names([tmp_path / "none"], [], [443], "ct")


@pytest.mark.integration
async def test_a_real_prometheus_lists_what_it_scrapes_over_https(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "prometheus.yml").write_text(
        """
scrape_configs:
- job_name: secure
  scheme: https
  static_configs: [{targets: ["127.0.0.1:9", "127.0.0.2:8443"], labels: {team: a}}]
- job_name: plain
  static_configs: [{targets: ["127.0.0.3:80"]}]
"""
    )
    command = Command(
        arguments=[
            "prometheus",
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        ready="Server is ready to receive web requests",
    )
    with running(command, tmp_path):
        place = WebApi(url=f"http://127.0.0.1:{port}")
        found: tuple[Target, ...] = ()
        while not found:
            found = (await read_prometheus(place, "prometheus")).targets
    assert sorted(keys(found)) == ["127.0.0.1:9", "127.0.0.2:8443"]
    assert found[0].labels["__meta_prometheus_label_team"] == "a"
    assert found[0].labels["__meta_prometheus_job"] == "secure"
