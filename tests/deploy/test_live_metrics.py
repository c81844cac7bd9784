"""A real Prometheus scrapes the demo's fleet: every panel has data, and every rule can be evaluated.

It also accepts a page on which every text is hostile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from exporters.prometheus import TEXT_TYPE, Detail, MetricOptions, PageWriter
from model.certificates.certificate import Certificate
from tests.deploy.files import DASHBOARDS, ROOT, dashboard, filled_in, read_yaml
from tests.exporters.test_inventory import KNOWN, snapshot
from tests.service.processes import TLSPROBE
from tests.support.plain_http import TRUSTS_NO_CA
from tests.zoo.process import Command, running

pytestmark = [
    pytest.mark.integration,
    pytest.mark.xdist_group("prometheus"),
    pytest.mark.process,
    pytest.mark.slow,
]

RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
PATIENCE_SECONDS = 90
HOSTILE = '"} 1\nup{job="x"} 0\r\x00\x1b[31m\u202e\\\ud800' + "é" * 65536


class Prometheus:
    """A running Prometheus; queries use its API."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, expression: str) -> list[Any]:
        """The samples of an instant query."""
        answer = self._client.get("/api/v1/query", params={"query": expression}).json()
        assert answer["status"] == "success", answer
        result: list[Any] = answer["data"]["result"]
        return result

    def rules(self) -> list[Any]:
        groups = self._client.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def is_ready(self) -> bool:
        return self._client.get("/-/ready").status_code == 200


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < ends_at, f"waited in vain until {what}"
        time.sleep(0.2)


@contextmanager
def serving(page: str) -> Iterator[str]:
    """A page at a loopback address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", TEXT_TYPE)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Suppress the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hostile_page() -> str:
    endpoint = replace(
        KNOWN.endpoint,
        target=replace(
            KNOWN.endpoint.target, host=HOSTILE, server_name=HOSTILE, labels={HOSTILE: HOSTILE}
        ),
    )
    certificate = Certificate(
        sha256=HOSTILE, subject=HOSTILE, issuer=HOSTILE, serial_number=HOSTILE
    )
    chain = replace(KNOWN.certificates[0], chain=(certificate,))
    observed = replace(KNOWN, endpoint=endpoint, certificates=(chain,), alpn=(HOSTILE,))
    return "".join(PageWriter(MetricOptions(detail=Detail.ALL)).write(snapshot(observed)))


def configuration(service: str, hostile: str, folder: Path) -> Path:
    """The configuration from deploy/prometheus with all intervals set to one second."""
    for path in RULES:
        rules = read_yaml(path)
        for group in rules["groups"]:
            group.pop("interval", None)
        (folder / path.name).write_text(yaml.safe_dump(rules))
    jobs = [
        ("tlsprobe", "/metrics", service),
        ("tlsprobe-endpoints", "/metrics/endpoints", service),
        ("hostile", "/metrics", hostile),
    ]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [path.name for path in RULES],
        "scrape_configs": [
            {
                "job_name": name,
                "metrics_path": path,
                "static_configs": [{"targets": [place]}],
            }
            for name, path, place in jobs
        ],
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped the demo's whole fleet several times."""
    home, store = tmp_path_factory.mktemp("demo"), tmp_path_factory.mktemp("prometheus")
    demo = Command(
        arguments=[
            str(TLSPROBE),
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--directory",
            str(home / "here"),
        ],
        ready=r'"url": "http://([^"]+)"',
    )
    with running(demo, home) as ready, serving(hostile_page()) as hostile:
        service = ready[1]
        server = Command(
            arguments=[
                "prometheus",
                f"--config.file={configuration(service, hostile, store)}",
                f"--storage.tsdb.path={store / 'tsdb'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            ready=r'msg="Listening on" address=(\S+)',
        )
        with (
            running(server, store) as listening,
            httpx.Client(
                base_url=f"http://{listening[1]}", verify=TRUSTS_NO_CA, timeout=30
            ) as client,
        ):
            found = Prometheus(client)
            wait_until(found.is_ready, "Prometheus is ready")
            wait_until(
                lambda: len(found.ask('tlsprobe_up{job="tlsprobe-endpoints"}')) == 6,
                "all six were visited",
            )
            wait_until(
                lambda: bool(found.ask("min(count_over_time(tlsprobe_store_up[5m])) > 3")),
                "there are rates",
            )
            wait_until(
                lambda: all(rule["lastEvaluation"][:4] != "0001" for rule in found.rules()),
                "all rules were evaluated",
            )
            wait_until(lambda: bool(found.ask("tlsprobe:targets:count")), "rules have recorded")
            yield found


def questions() -> list[tuple[str, str, str]]:
    return [
        (path.stem, panel["title"], filled_in(target["expr"]))
        for path in DASHBOARDS
        for panel in dashboard(path)["panels"]
        for target in panel["targets"]
    ]


def test_every_panel_of_every_dashboard_has_data(prometheus: Prometheus) -> None:
    empty = [
        f"{name}: {title}"
        for name, title, expression in questions()
        if not prometheus.ask(expression)
    ]
    assert empty == []


def test_every_rule_can_be_evaluated_and_every_record_has_data(prometheus: Prometheus) -> None:
    rules = prometheus.rules()
    named = {rule["name"] for rule in rules}
    written = {
        rule.get("alert") or rule["record"]
        for path in RULES
        for group in read_yaml(path)["groups"]
        for rule in group["rules"]
    }
    assert named == written
    assert [rule for rule in rules if rule["health"] != "ok"] == []
    records = [rule["name"] for rule in rules if rule["type"] == "recording"]
    assert [name for name in records if not prometheus.ask(name)] == []


WRONG_IN_THE_DEMO = {
    "TlsprobeCertificateExpired",
    "TlsprobeExpirySoon",
    "TlsprobeWeakProtocol",
    "TlsprobeVerificationFailed",
}


def test_the_problems_of_the_demo_raise_alerts_with_descriptions(prometheus: Prometheus) -> None:
    def raised() -> dict[str, list[str]]:
        return {
            rule["name"]: [
                text for alert in rule["alerts"] for text in alert["annotations"].values()
            ]
            for rule in prometheus.rules()
            if rule["type"] == "alerting" and rule["alerts"]
        }

    wait_until(lambda: raised().keys() >= WRONG_IN_THE_DEMO, "the demo's faults raise alerts")
    texts = [text for found in raised().values() for text in found]
    assert [text for text in texts if "error expanding" in text or "<no value>" in text] == []


def test_prometheus_accepts_a_page_of_hostile_texts(prometheus: Prometheus) -> None:
    (scraped,) = prometheus.ask('up{job="hostile"}')
    assert scraped["value"][1] == "1"
    (info,) = prometheus.ask('tlsprobe_cert_info{job="hostile"}')
    # 65,536 characters became 200, some of them written as escapes.
    assert len(info["metric"]["subject"]) < 300
    assert "\n" not in info["metric"]["subject"]
    assert prometheus.ask('up{job="x"}') == []
