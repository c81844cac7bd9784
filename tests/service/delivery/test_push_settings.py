from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy.files.yaml_file import ConfigError
from service.config.load import load_settings

URL = "http://127.0.0.1:9090/api/v1/write"


def problem_of(push: object, path: Path) -> str:
    file = path / "tlsprobe.yml"
    file.write_text(json.dumps({"push": push}))
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    return str(caught.value)


@pytest.mark.parametrize(
    ("remote_write", "said"),
    [
        ({}, "set exactly one of url, url_variable and url_file"),
        ({"url": URL, "url_variable": "NO_SUCH"}, "which the environment does not have: set it"),
        ({"url": "ftp://secret.example"}, "must begin with http:// or https:// and a host"),
        ({"url": URL, "user": "me"}, "user and password must be set together"),
        ({"url": URL, "token_file": "/no/such"}, "cannot be read (No such file or directory)"),
        ({"url": URL, "ca_file": "/no/such"}, "ca_file /no/such cannot be used"),
        ({"url": URL, "labels": {"a-b": "c"}}, "'a-b' is not a valid label name"),
        ({"url": URL, "interval_seconds": 600}, "must be less than or equal to 240"),
        ({"url": URL, "unknown": 1}, "unknown setting"),
    ],
)
def test_an_invalid_remote_write_is_reported(
    remote_write: object, said: str, tmp_path: Path
) -> None:
    assert said in problem_of({"remote_write": remote_write}, tmp_path)


@pytest.mark.parametrize(
    ("file", "said"),
    [("x.txt", "must end in .prom"), ("no/such/x.prom", "does not exist: create it")],
)
def test_an_invalid_textfile_is_reported(file: str, said: str, tmp_path: Path) -> None:
    assert said in problem_of({"textfile": str(tmp_path / file)}, tmp_path)


def test_secrets_are_read_from_their_sources_and_shown_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_URL", f"{URL}/hidden")
    (tmp_path / "token").write_text("the-token\n")
    file = tmp_path / "tlsprobe.yml"
    remote_write = {"url_variable": "THE_URL", "token_file": str(tmp_path / "token")}
    file.write_text(json.dumps({"push": {"remote_write": remote_write}}))
    settings = load_settings(file)
    assert settings.push.remote_write is not None
    receiver = settings.push.remote_write.receiver()
    assert (receiver.url, receiver.token) == (f"{URL}/hidden", "the-token")
    for shown in (repr(receiver), repr(settings)):
        assert "hidden" not in shown
        assert "the-token" not in shown
