"""No secret of the configuration appears in anything that the service or a command writes, logs, serves or raises."""

from __future__ import annotations

import asyncio
import threading
import typing
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pydantic
import pytest
import uvicorn
import yaml
from sqlalchemy.engine import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from model.safe_output.secret_text import SecretMask
from service.config.discovery import SOURCES
from service.config.load import load_settings
from service.config.settings import ServiceSettings
from service.integrations.catalogue import NOTIFIERS
from service.setting_types.by_type import ByType
from service.setting_types.secret_marks import HoldsSecret, kind_of_secret, secrets_in
from storage import SqlStore, StoreError
from tests.service.delivery.waiting import until
from tests.service.hostile import hostile_server
from tests.service.processes import PATIENCE_SECONDS, running, tlsprobe
from tests.support.plain_http import TRUSTS_NO_CA, get
from tests.support.ports import free_port

pytestmark = pytest.mark.slow

MARK: Final = "pl4nted"
"""Part of every secret in these tests, and of nothing else."""

PUBLIC: Final[Mapping[str, str]] = {
    "ca_file": "a path of public certificates",
    "cert_file": "a path",
    "certificate": "a path",
    "certificates": "names in certificates",
    "checks": "names of checks",
    "client_identities": "names",
    "domains": "names of mail domains",
    "maintenance_windows": "spans of time",
    "accounts": "numbers of AWS accounts",
    "event_queues": "names of queues in AWS",
    "allowed_hosts": "names by which the service is asked",
    "state_directory": "a path",
    "contact": "shown to every server that is asked by HTTP",
    "config_file": "a path",
    "default_module": "a name",
    "deny": "names and networks",
    "digest_at": "a time",
    "emit": "names",
    "events": "kinds",
    "external_id": "not a secret, as AWS says: everyone who may read the role sees it",
    "files": "paths of lists",
    "group_by": "a label's name",
    "groups": "names of groups",
    "groups_header": "the name of a header",
    "host": "a name",
    "https": "refused unless empty",
    "key": "a path; the key itself is never read as text",
    "key_file": "a path; the key itself is never read as text",
    "kinds": "kinds",
    "labels": "labels are shown on every series",
    "listen": "an address",
    "log_list": "a path",
    "match": "labels",
    "max_version": "a version",
    "min_version": "a version",
    "modules": "names",
    "name": "shown as the source's name",
    "name_servers": "addresses",
    "names": "names to look up",
    "networks": "networks",
    "notifications": "names",
    "path": "a path of targets",
    "paths": "paths of server configurations",
    "policies": "names and paths of policies",
    "profile": "a name in AWS's configuration files",
    "project": "the identifier of a project of Google Cloud",
    "proxies": "names",
    "proxy": "probe.proxy is the name of a proxy",
    "records": "kinds of records",
    "refused_versions": "versions",
    "region": "a name",
    "regions": "names of AWS regions",
    "regex": "a relabelling rule",
    "replacement": "a relabelling rule",
    "resources": "kinds of objects",
    "subscription": "the identifier of a subscription of Azure",
    "sender_address": "stands in every mail",
    "role_arn": "the name of an AWS role",
    "s3_probe_role_arn": "the name of a role",
    "self_signed_directory": "a path",
    "separator": "a relabelling rule",
    "server_name": "a name",
    "services": "names",
    "socket": "a path",
    "source_address": "an address",
    "source_labels": "a relabelling rule",
    "starttls": "a protocol",
    "tags": "names",
    "target": "a target",
    "target_label": "a relabelling rule",
    "targets_files": "paths of targets",
    "textfile": "a path",
    "tokens": "names of clients",
    "to": "stands in every mail",
    "trust_stores": "names, and paths of public certificates",
    "type": "a kind",
    "user_header": "the name of a header",
    "users": "names",
    "user": "a login's name alone is not secret",
    "valid_http_versions": "versions",
    "zones": "names of zones",
}
"""Why each unmarked setting that is a text or a path holds no secret."""


def texts(kind: Any) -> bool:
    """Whether values of this type are texts or paths, or contain some."""
    if kind in (str, Path, Any):
        return True
    return any(texts(argument) for argument in typing.get_args(kind))


def models(kind: Any) -> Iterator[type[pydantic.BaseModel]]:
    """The models that occur in a type."""
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    if isinstance(kind, ByType):
        for model in kind.choices.values():
            yield from models(model)
    for argument in typing.get_args(kind):
        yield from models(argument)


def test_every_setting_that_may_hold_a_secret_is_classified() -> None:
    every = dict.fromkeys(models(ServiceSettings))
    assert {*SOURCES, *(one.settings for one in NOTIFIERS)} <= set(every)
    assert len(every) > 25
    unclassified = {
        f"{model.__name__}.{name}"
        for model in every
        for name, field in model.model_fields.items()
        if texts(field.annotation) and kind_of_secret(field.metadata) is None and name not in PUBLIC
    }
    assert unclassified == set(), (
        "mark it by service.setting_types.secret_marks, or say here why it is public"
    )


def test_a_setting_named_like_a_secret_is_marked_as_secret() -> None:
    suspicious = ("token", "password", "passphrase", "secret", "url")
    for model in dict.fromkeys(models(ServiceSettings)):
        for name, field in model.model_fields.items():
            is_section = any(models(field.annotation))  # its own settings are checked
            if any(word in name for word in suspicious) and not is_section:
                assert kind_of_secret(field.metadata) is not None, f"{model.__name__}.{name}"
    assert kind_of_secret(ServiceSettings.model_fields["database"].metadata) is HoldsSecret.IN_URL


@asynccontextmanager
async def parrot() -> AsyncIterator[int]:
    """The port of a server that answers every request with an error that repeats its whole content."""

    async def echo(request: Request) -> Response:
        said = [f"{name}: {value}" for name, value in request.headers.items()]
        return PlainTextResponse(f"no such thing: {request.url} {said}", 400)

    app = Starlette(routes=[Route("/{rest:path}", echo, methods=["GET", "POST"])])
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


VARIABLES: Final = {
    "CONSUL_TOKEN": f"{MARK}-consul",
    "BROKEN_TOKEN": f"{MARK}-broken\u20ac",
    "HOOK_URL": "",
    "HOOK_TOKEN": f"{MARK}-hook-token",
    "MAIL_PASSWORD": f"{MARK} mail/password",
    "REMOTE_PASSWORD": f"{MARK}/remote&password",
    "PROXY_PASSWORD": f"{MARK}-proxy-password",
}


def planted(folder: Path, port: int) -> dict[str, Any]:
    """A configuration with a secret in every possible place."""
    files = {name: folder / name for name in ("kubernetes", "slack", "alertmanager")}
    files["kubernetes"].write_text(f"{MARK}-kubernetes")
    files["slack"].write_text(f"http://127.0.0.1:{port}/services/{MARK}slack/T0")
    files["alertmanager"].write_text(f"{MARK}-alertmanager")
    (folder / "targets.yml").write_text(f"- 127.0.0.1:{free_port()}\n")
    at = f"http://{MARK}user:{MARK}pass@127.0.0.1:{port}"
    often = {"refresh_seconds": 1}
    hook = {"group_wait_seconds": 0, "min_severity": "info"}
    return {
        "database": f"sqlite:///{folder / 'tlsprobe.db'}",
        "targets_files": [str(folder / "targets.yml")],
        "interval_seconds": 1,
        "log_level": "debug",
        "log_format": "json",
        "discovery": [
            {"type": "http_sd", "url": f"{at}/sd?token={MARK}query#{MARK}fragment", **often},
            {"type": "http_sd", "url": f"http://{MARK}nobody@127.0.0.1:{free_port()}/", **often},
            {"type": "http_sd", "url": f"http://127.0.0.1:{port}/2", **often}
            | {"token_variable": "BROKEN_TOKEN"},
            {"type": "prometheus", "url": f"{at}/prometheus", **often},
            {"type": "consul", "url": at, "token_variable": "CONSUL_TOKEN", **often},
            {"type": "names", "urls": [f"{at}/names?key={MARK}names"], **often},
            {"type": "kubernetes", "url": at, "token_file": str(files["kubernetes"])},
        ],
        "notifications": {
            "hook": {"type": "webhook", "url_variable": "HOOK_URL", **hook}
            | {"token_variable": "HOOK_TOKEN"},
            "slack": {"type": "slack", "url_file": str(files["slack"]), **hook},
            "alertmanager": {"type": "alertmanager", "url": f"{at}/{MARK}/{MARK}longenough"}
            | {"min_severity": "info"},
            "mail": {"type": "email", "host": "127.0.0.1", "port": free_port(), **hook}
            | {"user": "ops", "password_variable": "MAIL_PASSWORD"}
            | {"from": "a@example.test", "to": ["b@example.test"]},
        },
        "push": {
            "remote_write": {"url": f"http://127.0.0.1:{port}/write?key={MARK}write"}
            | {"user": "ops", "password_variable": "REMOTE_PASSWORD", "interval_seconds": 1}
        },
        "proxies": {
            "way": {"url": "http://ops@127.0.0.1:9", "password_variable": "PROXY_PASSWORD"}
        },
        "policies": ["mozilla-modern"],
    }


PATHS: Final = (
    "/",
    "/endpoints",
    "/policies",
    "/service",
    "/metrics",
    "/metrics/endpoints",
    "/metrics/fleet",
    "/-/status",
    "/-/healthy",
    "/reports",
    "/sd/prometheus",
    "/api/v1/waivers",
    f"/probe?target=127.0.0.1&module={MARK[:2]}",
)


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(300)
async def test_no_planted_secret_is_in_any_output(tmp_path: Path) -> None:
    async with parrot() as port, hostile_server("unknown.test") as tls_port:
        variables = VARIABLES | {"HOOK_URL": f"http://127.0.0.1:{port}/hooks/{MARK}hook/x"}
        listen = f"127.0.0.1:{free_port()}"
        config = tmp_path / "tlsprobe.yml"
        config.write_text(yaml.safe_dump(planted(tmp_path, port) | {"listen": listen}))
        (tmp_path / "targets.yml").write_text(f"- 127.0.0.1:{tls_port}\n")
        said = await asyncio.to_thread(_run_and_look, config, listen, variables)
    for what, text in said.items():
        where = text.find(MARK)
        assert where < 0, f"{what}: {text[max(where - 300, 0) : where + 100]}"
    # The failures themselves must be readable.
    log = said["log"]
    for event in ("targets could not be read", "a sink fails", "HTTP status 400", "status 400"):
        assert event in log
    assert "http_sd:http://***@127.0.0.1" in said["/metrics"]
    assert "http_sd:http://***@127.0.0.1" in said["/-/status"]


def _run_and_look(config: Path, listen: str, variables: Mapping[str, str]) -> dict[str, str]:
    with running("serve", "--config", config, changes=variables) as process:
        assert process.stderr is not None
        # If an expected event does not arrive, this ends the log, and with it the wait.
        watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
        watchdog.start()
        lines, wanted = [], {"remote_write", "hook", "slack", "alertmanager", "mail"}
        seen: set[str] = set()
        for line in process.stderr:
            lines.append(line)
            if '"a sink fails"' in line:
                seen |= {name for name in wanted if f'"sink": "{name}"' in line}
            if seen == wanted and any("visit finished" in one for one in lines):
                break
        watchdog.cancel()
        assert seen == wanted, "".join(line for line in lines if "sink" in line)
        # A full pipe would block the service.
        reader = threading.Thread(target=lines.extend, args=(process.stderr,))
        reader.start()
        pages = {path: get(f"http://{listen}{path}").text for path in PATHS}
        pages["reload"] = httpx.post(
            f"http://{listen}/-/reload", verify=TRUSTS_NO_CA, timeout=30
        ).text
        status = tlsprobe("status", "--url", f"http://{listen}", changes=variables)
        process.terminate()
        reader.join(PATIENCE_SECONDS)
        assert process.stdout is not None
        lines.append(process.stdout.read())
    database = yaml.safe_load(config.read_text())["database"]
    commands = {
        command: tlsprobe(*command.split(), changes=variables)
        for command in (
            f"discover --config {config}",
            f"discover --config {config} --json",
            f"report --config {config} --format json",
            f"events --database {database}",
            f"inventory --database {database}",
            f"db check --database {database}",
        )
    }
    outputs = {name: done.stdout + done.stderr for name, done in commands.items()}
    return {
        **pages,
        **outputs,
        "status": status.stdout + status.stderr,
        "log": "".join(lines),
    }


def test_settings_show_no_secret_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOOK_URL", f"http://127.0.0.1:9/hooks/{MARK}hook/x")
    config = tmp_path / "tlsprobe.yml"
    config.write_text(yaml.safe_dump(planted(tmp_path, 9)))
    settings = load_settings(config, database=f"postgresql://ops:{MARK}@127.0.0.1/{tmp_path.name}")
    assert MARK not in repr(settings)
    assert MARK not in str(settings)
    assert MARK not in repr(settings.probe_settings)
    known = set(secrets_in(settings))
    for value in VARIABLES.values():
        assert value == "" or value in known
    mask = SecretMask(known)
    assert MARK not in mask.masked(" ".join(known))


UNUSABLE: Final = (
    f"postgresql://ops:{MARK}@127.0.0.1:1/t",
    f"postgresql://ops@127.0.0.1:1/t?password={MARK}",
    f"postgresql://ops:{MARK}@127.0.0.1:port/t",
    f"ops:{MARK}@127.0.0.1/t",
    f"oracle://ops:{MARK}@127.0.0.1/t",
)


@pytest.mark.parametrize("url", UNUSABLE)
async def test_a_database_that_cannot_be_opened_is_named_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match="database") as raised:
        await SqlStore.open(url)
    assert MARK not in str(raised.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--targets", "{targets}"),
        ("report", "--format", "json"),
        ("history", "a.example"),
        ("db", "upgrade"),
    ],
)
def test_a_command_that_cannot_open_its_database_shows_no_password(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    targets = tmp_path / "targets.yml"
    targets.write_text("- 127.0.0.1:1\n")
    done = tlsprobe(*(one.format(targets=targets) for one in arguments), "--database", UNUSABLE[0])
    assert done.returncode == 2
    assert "database" in done.stderr
    assert MARK not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.process
@pytest.mark.integration
def test_the_log_of_a_start_shows_no_password_of_its_database(
    postgresql_url: str, tmp_path: Path
) -> None:
    targets = tmp_path / "targets.yml"
    targets.write_text(f"- 127.0.0.1:{free_port()}\n")
    # The server trusts every client that reaches its socket, whatever the password.
    database = make_url(postgresql_url).set(password=MARK).render_as_string(hide_password=False)
    listen = f"127.0.0.1:{free_port()}"
    with running(
        "serve", "--targets", targets, "--listen", listen, "--database", database
    ) as process:
        assert process.stderr is not None
        log = next(line for line in process.stderr if '"serving"' in line)
    assert "postgresql://***@" in log
    assert MARK not in log


@pytest.mark.parametrize(
    "text",
    [
        "database: *{mark}\n",
        "database: !{mark} x\n",
        "database: ['postgresql://a:{mark}@h/d']\n",
        "proxies: {{way: {{url: 'http://a:{mark}@h:1'}}}}\n",
        "discovery: [{{type: http_sd, url: 'http://a:{mark}@h', token: {mark}}}]\n",
        "discovery: [{{type: 'http://a:{mark}@h'}}]\n",
        "push: {{remote_write: {{url: 'ftp://a:{mark}@h'}}}}\n",
        "notifications: {{n: {{type: slack, url: 'ftp://{mark}@h/{mark}'}}}}\n",
    ],
)
def test_a_configuration_that_cannot_be_used_is_explained_without_its_secrets(
    text: str, tmp_path: Path
) -> None:
    config = tmp_path / "tlsprobe.yml"
    config.write_text(text.format(mark=MARK))
    with pytest.raises(ValueError, match=r"tlsprobe\.yml") as raised:
        load_settings(config)
    assert MARK not in str(raised.value)
