"""Every piece of YAML of the reference is read by the program that it is for.

The pages of *Start* and *How-to* have whole files, which their commands read (``test_pages``).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import certifi
import pytest
import yaml

from discovery.files.targets_file import read_targets_file
from policy import load_policies
from service.config.load import load_settings
from service.config.settings import ServiceSettings
from tests.deploy.test_rules import RULES
from tests.docs.test_pages import DOCS
from tests.service.samples import NOW

_YAML: Final = re.compile(r"^( *)```yaml\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_SCRAPING: Final = {"scrape_configs", "rule_files"}
_POLICIES: Final = {"policies", "waivers"}
_POLICY_TESTS: Final = {"policies", "tests"}


def snippets() -> Iterator[Any]:
    """Every block of YAML with its place."""
    for page in sorted((DOCS / "reference").glob("*.md")):
        for number, found in enumerate(_YAML.finditer(page.read_text())):
            yield pytest.param(dedent(found[2]), id=f"{page.stem}-{number}")


@pytest.mark.integration
@pytest.mark.parametrize("text", [*snippets()])
def test_a_snippet_is_read(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = with_files(text, tmp_path, monkeypatch)
    value = yaml.safe_load(text)
    file = tmp_path / "snippet.yml"
    file.write_text(text)
    if isinstance(value, list):
        reading = read_targets_file(file)
        assert len(reading.targets) + len(reading.mail_domains) >= len(value)
    elif value.keys() == {"groups"}:
        run("promtool", "check", "rules", str(file))
    elif value.keys() & _SCRAPING:
        check_prometheus_configuration(value, file)
    elif value.keys() == {"http_sd_configs"}:
        check_prometheus_configuration({"scrape_configs": [{"job_name": "a", **value}]}, file)
    elif value.keys() == _POLICY_TESTS:
        assert {"name", "observation", "expect"} <= value["tests"][0].keys()
    elif value.keys() <= _POLICIES and isinstance(value["policies"], dict):
        assert load_policies([file], NOW).policies
    elif value.keys() == {"rules"}:
        file.write_text(yaml.safe_dump({"policies": {"one": value}}))
        assert load_policies([file], NOW).policies
    else:
        check_settings(value, file)


def with_files(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """``text`` with the files and directories that it names in ``folder``; its variables are set."""
    for variable in re.findall(r"_variable: (\w+)", text):
        monkeypatch.setenv(variable, "https://example.com/secret")
    for path in re.findall(r"/(?:etc/ssl|run/secrets|var/lib)/[\w/.-]+", text):
        own = folder / Path(path).name
        own.write_text(Path(certifi.where()).read_text() if own.suffix == ".pem" else "secret")
        text = text.replace(path, str(own))
    return text


def check_settings(value: dict[str, Any], file: Path) -> None:
    """The settings in ``value`` can be used; a piece of a section is completed to one."""
    if not value.keys() <= ServiceSettings.model_fields.keys():
        file.write_text(
            yaml.safe_dump({"on_demand": {"default_module": next(iter(value)), "modules": value}})
        )
    settings = load_settings(file)
    assert settings.model_fields_set


def check_prometheus_configuration(value: dict[str, Any], file: Path) -> None:
    """Prometheus takes the configuration; rule files named in it are the shipped ones."""
    if "rule_files" in value:
        value["rule_files"] = [str(path) for path in RULES]
    file.write_text(yaml.safe_dump(value))
    run("promtool", "check", "config", str(file))


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_snippets_of_every_kind() -> None:
    assert len(list(snippets())) > 15
