from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from policy.files.yaml_file import ConfigError, read_yaml_mapping
from service.config.load import load_settings
from service.integrations.catalogue import NOTIFIERS
from tests.deploy.files import ROOT
from tests.service.delivery.test_forms import opened, rendered

URL = "https://hooks.example/x"
MAIL: dict[str, Any] = {"type": "email", "host": "mail.example", "to": ["a@b.example"]}
PAGE = (ROOT / "docs/reference/notifications.md").read_text()


def problem_of(notifiers: object, path: Path) -> str:
    file = path / "tlsprobe.yml"
    file.write_text(json.dumps({"notifications": notifiers}))
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    return str(caught.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"type": "pager"}, "'webhook', 'slack', 'email', 'alertmanager'"),
        ({"type": "slack"}, "set exactly one of url, url_variable and url_file"),
        ({"type": "slack", "url": URL, "min_severity": "bad"}, "ops.min_severity must be 'info'"),
        ({"type": "slack", "url": URL, "digest_hours": 0}, "greater than or equal to 1"),
        ({"type": "alertmanager", "url": URL, "digest_hours": 24}, "unknown setting"),
        ({"type": "security_hub"}, "ops.region"),
        ({"type": "security_hub", "region": "Ireland"}, "use one such as eu-west-1"),
        (
            {"type": "security_hub", "region": "eu-west-1", "role_arn": "tlsprobe"},
            "use its ARN, such as arn:aws:iam::123456789012:role/tlsprobe",
        ),
        ({**MAIL, "from": "nobody"}, "'nobody' is not a valid e-mail address"),
        ({**MAIL, "from": "a@b.example\nBcc: all@b.example"}, "is not a valid e-mail address"),
        (
            {**MAIL, "from": "a@b.example", "user": "me", "password_variable": "NO_SUCH"},
            "password_variable names NO_SUCH, which the environment does not have: set it",
        ),
    ],
)
def test_an_invalid_notifier_is_reported(settings: object, said: str, tmp_path: Path) -> None:
    assert said in problem_of({"ops": settings}, tmp_path)


def test_a_password_is_not_sent_in_plaintext(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret")
    login = {"user": "me", "password_file": str(password), "security": "none"}
    said = problem_of({"ops": {**MAIL, "from": "a@b.example", **login}}, tmp_path)
    assert "a password is sent only over TLS" in said


@pytest.mark.parametrize("name", ["textfile", "a b", ""])
def test_an_ambiguous_notifier_name_is_refused(name: str, tmp_path: Path) -> None:
    said = problem_of({name: {"type": "slack", "url": URL}}, tmp_path)
    assert "a notifier cannot have the name" in said


def test_the_page_has_a_configuration_that_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    password = tmp_path / "mail-password"
    password.write_text("secret")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", URL)
    monkeypatch.setenv("HOOK_TOKEN", "token")
    file = tmp_path / "tlsprobe.yml"
    file.write_text(example.replace("/run/secrets/mail-password", str(password)))
    settings = load_settings(file)
    assert settings.notifications.keys() == read_yaml_mapping(file).values["notifications"].keys()
    types = {notifier.type for notifier in settings.notifications.values()}
    assert types == {notifier.name for notifier in NOTIFIERS}


def test_the_page_has_the_webhook_as_it_is() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    shown, real = json.loads(example), rendered("webhook", opened())
    assert shown.keys() == real.keys()
    assert shown["events"][0].keys() == real["events"][0].keys()
    assert shown["events"][0]["alert"].keys() == real["events"][0]["alert"].keys()
