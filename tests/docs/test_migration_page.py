"""The real blackbox_exporter accepts the file that docs/how-to/migrate-from-exporters.md starts from, and all of it is dealt with."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from discovery.targets import parse_target
from service.http.service_discovery import target_groups
from tests.docs.page_blocks import File, steps

PAGE: Final = Path(__file__).parents[2] / "docs/how-to/migrate-from-exporters.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
FILES: Final = {one.name: one.text for one in steps(TEXT) if isinstance(one, File)}


@pytest.mark.integration
def test_blackbox_exporter_accepts_the_original_file(tmp_path: Path) -> None:
    file = tmp_path / "blackbox.yml"
    file.write_text(FILES[file.name])
    command = ["prometheus-blackbox-exporter", "--config.check", f"--config.file={file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.integration
def test_prometheus_probes_each_target_of_the_http_sd_job_as_the_service_does(
    tmp_path: Path,
) -> None:
    """promtool relabels by the page's own job; its groups are in a file, which has the form of http_sd."""
    targets = [
        parse_target("www.a.test"),
        parse_target("smtp://mail.a.test:2525"),
        parse_target("mail.a.test:143"),
        parse_target("postgres://[2001:db8::1]:6432", server_name="db.a.test"),
        parse_target("10.0.0.1:8443", labels={"team": "a"}),
    ]
    (tmp_path / "found.json").write_text(json.dumps(target_groups(targets)))
    configuration = yaml.safe_load(FILES["prometheus-http-sd.yml"])
    (job,) = configuration["scrape_configs"]
    assert job.pop("http_sd_configs") == [{"url": "http://127.0.0.1:9844/sd/prometheus"}]
    job["file_sd_configs"] = [{"files": ["found.json"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    promtool = subprocess.run(
        [
            "promtool",
            "check",
            "service-discovery",
            "--timeout=2s",
            "prometheus.yml",
            "certificates",
        ],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    probes = [one["labels"] for one in json.loads(promtool.stdout)]
    assert {one["__address__"] for one in probes} == {"127.0.0.1:9844"}
    asked = {
        parse_target(one["__param_target"], server_name=one.get("__param_hostname", "")).key
        for one in probes
    }
    assert asked == {target.key for target in targets}


def test_every_module_moves_or_stays() -> None:
    before = yaml.safe_load(FILES["blackbox.yml"])["modules"].keys()
    after = yaml.safe_load(FILES["tlsprobe.yml"])["on_demand"]["modules"].keys()
    table = re.findall(r"^\| (`.*?)(?::.*)? \| (yes|no).* \|$", TEXT, re.MULTILINE)
    answers = {name: answer for names, answer in table for name in re.findall(r"`(\w+)`", names)}
    assert {name for name in before if answers[name] == "yes"} == before & after
    assert before - after <= {name for name, answer in answers.items() if answer == "no"}
