"""``tlsprobe modules`` as its users run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy.files.yaml_file import ConfigError
from service.config.load import load_settings
from tests.service.processes import tlsprobe

BLACKBOX = """\
modules:
  http_2xx:
    prober: http
  http_post_2xx:
    prober: http
    http:
      method: POST
      body: a
  icmp:
    prober: icmp
  tls:
    prober: tcp
    tcp:
      tls: true
      tsl_config: {}
  tls_ca:
    prober: tcp
    tcp: {tls: true, tls_config: {ca_file: /nowhere/ca.pem}}
  own_postgresql:
    prober: tcp
    tcp:
      query_response:
      - send: !!binary AAAACATSFi8=
      - starttls: true
"""


@pytest.fixture
def blackbox(tmp_path: Path) -> Path:
    path = tmp_path / "blackbox.yml"
    path.write_text(BLACKBOX)
    return path


def test_every_module_is_listed_with_all_its_problems_and_their_lines(blackbox: Path) -> None:
    run = tlsprobe("modules", blackbox)
    assert run.returncode == 1
    usable, post, icmp, typo, missing, postgresql = run.stdout.splitlines()
    assert usable == "http_2xx: can be used, with the names of blackbox_exporter"
    assert post == (
        "http_post_2xx: line 4: `http.body`, `http.method: POST` have no counterpart in tlsprobe: "
        "keep this module in blackbox_exporter"
    )
    assert icmp.startswith("icmp: line 9: `prober: icmp` has no counterpart in tlsprobe: keep")
    assert typo.startswith("tls: line 15: unknown setting 'tcp.tsl_config': did you mean ")
    assert missing.startswith("tls_ca: line 18: ")
    assert "/nowhere/ca.pem" in missing
    assert postgresql.endswith("for example `starttls: smtp`")


def test_a_file_whose_modules_can_all_be_used_is_good(tmp_path: Path) -> None:
    config = tmp_path / "tlsprobe.yml"
    config.write_text("on_demand: {modules: {https: {prober: https}, own: {detail: counts}}}\n")
    run = tlsprobe("modules", config)
    assert (run.returncode, run.stdout.splitlines()) == (
        0,
        [
            "https: can be used, with the names of ssl_exporter",
            "own: can be used, with the names of tlsprobe",
        ],
    )


@pytest.mark.parametrize("content", ["", "modules: {}\n", "on_demand: {}\n", "modules: [a]\n"])
def test_a_file_without_modules_is_an_error(tmp_path: Path, content: str) -> None:
    config = tmp_path / "empty.yml"
    config.write_text(content)
    run = tlsprobe("modules", config)
    assert (run.returncode, "has no modules" in run.stderr) == (2, True)


def test_the_service_names_the_command_that_lists_the_other_problems(
    blackbox: Path, tmp_path: Path
) -> None:
    config = tmp_path / "tlsprobe.yml"
    indented = "".join(f"  {line}\n" for line in BLACKBOX.splitlines())
    config.write_text(f"targets_files: []\non_demand:\n{indented}")
    with pytest.raises(
        ConfigError, match=r"\(and \d more: list all with `tlsprobe modules FILE`\)"
    ):
        load_settings(config)
