"""All targets as Prometheus' http_sd: read by a real Prometheus, and by our own reader."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from model.target import Target
from service.http.service_discovery import target_groups

TARGETS = (
    Target(
        host="shop.test",
        port=8443,
        server_name="other.test",
        labels={"team": "pay", "1st": "x", "a-b": 'say "hi"\n', "__address__": "169.254.169.254"},
        source="file:a",
    ),
    Target(host="2001:db8::1", port=443, server_name=None, source="dns"),
)


def test_each_target_has_the_owners_labels_and_our_relabelling_labels() -> None:
    first, second = target_groups(TARGETS)
    assert first == {
        "targets": ["[2001:db8::1]:443"],
        "labels": {
            "__meta_tlsprobe_target": "[2001:db8::1]:443",
            "__meta_tlsprobe_server_name": "",
            "__meta_tlsprobe_protocol": "tls",
            "__meta_tlsprobe_source": "dns",
        },
    }
    assert second["targets"] == ["shop.test:8443"]
    assert second["labels"]["team"] == "pay"
    assert second["labels"]["_1st"] == "x"
    assert second["labels"]["a_b"] == 'say "hi"\\n'
    assert second["labels"]["__meta_tlsprobe_server_name"] == "other.test"


def test_no_owner_label_can_redirect_a_scrape() -> None:
    labels = [group["labels"] for group in target_groups(TARGETS)]
    assert not any("__address__" in one for one in labels)


@pytest.mark.integration
def test_prometheus_accepts_the_page(tmp_path: Path) -> None:
    # promtool reads file_sd, whose groups have the same form.
    (tmp_path / "found.json").write_text(json.dumps(target_groups(TARGETS)))
    (tmp_path / "prometheus.yml").write_text(
        "scrape_configs: [{job_name: a, file_sd_configs: [{files: [found.json]}]}]\n"
    )
    check = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr
