"""A notifier reports each event once, to real receivers, despite failures and restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import TypeAdapter

from exporters.notifications import active_alerts_of
from exporters.prometheus.service.delivery import DeliveryMetrics
from model.findings.alert import Alert
from model.ports import ReportedAlerts
from model.snapshot import Snapshot
from pki.net_guard.gate import SocketGate
from service.delivery.notifier_loop import Channel, NotifierLoop
from service.integrations.catalogue import NotifierSection, notifier_of
from storage import SqlStore
from tests.service.delivery.alert_samples import finding, of, snapshot
from tests.service.delivery.receivers import Hook, running_hook, running_post_office
from tests.service.samples import NOW
from tests.support.ports import free_port

pytestmark = pytest.mark.slow


@dataclass
class HandClock:
    """A clock that the test moves."""

    at: datetime = NOW
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class Desk:
    """A notifier as the service runs it, but the test makes each step."""

    loop: NotifierLoop
    clock: HandClock
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    async def look(self, shown: Snapshot) -> None:
        await self.loop.step(active_alerts_of(shown))

    def number(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"tlsprobe_{name}", {"sink": "ops"})


@dataclass
class BusyStore:
    """A store whose first write does not end, as on a busy disk."""

    store: SqlStore
    is_writing: asyncio.Event = field(default_factory=asyncio.Event)

    async def reported_alerts(self, notifier: str) -> Sequence[Alert]:
        return await self.store.reported_alerts(notifier)

    async def put_reported_alerts(
        self, notifier: str, reported: Sequence[Alert], ended: Collection[str] = ()
    ) -> None:
        if not self.is_writing.is_set():
            self.is_writing.set()
            await asyncio.Event().wait()
        await self.store.put_reported_alerts(notifier, reported, ended)


@asynccontextmanager
async def desk_of(
    store: ReportedAlerts, clock: HandClock | None = None, **settings: Any
) -> AsyncIterator[Desk]:
    """The notifier ``ops`` of a service whose configuration has ``settings``."""
    section: TypeAdapter[Any] = TypeAdapter(NotifierSection)
    if settings["type"] not in {"alertmanager", "security_hub"}:
        settings = {"group_wait_seconds": 0, **settings}
    one = section.validate_python({"ops": settings})["ops"]
    notifier = notifier_of(one.type)
    clock = clock or HandClock()
    registry = CollectorRegistry()
    async with notifier.connect(one, SocketGate()) as send:
        metrics = DeliveryMetrics(registry)
        channel = Channel(name="ops", notifier=notifier, settings=one, send=send)
        yield Desk(NotifierLoop(channel, store, clock, metrics), clock, registry)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with running_hook() as running:
        yield running


async def test_each_change_is_reported_once_and_a_restart_repeats_none(
    store: SqlStore, hook: Hook
) -> None:
    async with desk_of(store, type="webhook", url=hook.url) as desk:
        for shown in (of(), of(finding()), of(finding())):
            await desk.look(shown)
    assert hook.events == [("opened", "www.example:443")]
    async with desk_of(store, type="webhook", url=hook.url) as desk:
        # Before the targets are read, there is nothing to report.
        for shown in (snapshot(), of(finding()), of(), of()):
            await desk.look(shown)
    assert [event for event, _ in hook.events] == ["opened", "resolved"]


async def test_a_stop_stores_what_was_reported_just_before(store: SqlStore, hook: Hook) -> None:
    busy = BusyStore(store)
    async with desk_of(busy, type="webhook", url=hook.url) as desk:
        looking = asyncio.create_task(desk.look(of(finding())))
        await busy.is_writing.wait()
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await desk.loop.close()
    async with desk_of(store, type="webhook", url=hook.url) as desk:
        await desk.look(of(finding()))
    assert hook.events == [("opened", "www.example:443")]


async def test_an_unreachable_receiver_is_notified_later_of_the_state_at_that_time(
    store: SqlStore, hook: Hook
) -> None:
    hook.answer = 503
    async with desk_of(store, type="webhook", url=hook.url) as desk:
        await desk.look(of(finding("a"), finding("b")))
        await desk.look(of(finding("a"), finding("b")))
        assert (hook.refused, desk.number("delivery_failures_total")) == (1, 1)
        assert desk.number("notifications_queued") == 2
        desk.clock.advance(5)
        await desk.look(of(finding("a"), finding("b")))
        assert hook.refused == 2
        hook.answer = 200
        desk.clock.advance(5)
        await desk.look(of(finding("a")))
        assert hook.bodies == []
        desk.clock.advance(5)
        await desk.look(of(finding("a")))
    assert [event["alert"]["rule"] for event in hook.bodies[0]["events"]] == ["a"]
    assert desk.number("notifications_queued") == 0


async def test_a_dropped_alert_is_counted_once(
    store: SqlStore, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.delivery.notifier_loop.MAX_REPORTED", 1)
    three = of(finding("a"), finding("b"), finding("c"))
    async with desk_of(store, type="webhook", url=hook.url) as desk:
        for _ in range(3):
            await desk.look(three)
        assert desk.number("notifications_dropped_total") == 2
        for _ in range(2):
            await desk.look(of(finding("a")))
        assert desk.number("notifications_dropped_total") == 2
        await desk.look(three)
        assert desk.number("notifications_dropped_total") == 4


async def test_a_refused_notification_is_retried_after_ten_minutes(
    store: SqlStore, hook: Hook
) -> None:
    hook.answer = 403
    async with desk_of(store, type="webhook", url=hook.url) as desk:
        await desk.look(of(finding()))
        desk.clock.advance(599)
        await desk.look(of(finding()))
        assert hook.refused == 1
        desk.clock.advance(1)
        await desk.look(of(finding()))
        assert hook.refused == 2


async def test_simultaneous_events_are_reported_together(store: SqlStore, hook: Hook) -> None:
    async with desk_of(store, type="slack", url=hook.url, group_wait_seconds=30) as desk:
        await desk.look(of(finding("a")))
        desk.clock.advance(29)
        await desk.look(of(finding("a"), finding("b")))
        assert hook.bodies == []
        desk.clock.advance(1)
        await desk.look(of(finding("a"), finding("b")))
    assert [body["text"].splitlines()[0] for body in hook.bodies] == [
        "*tlsprobe*: 2 opened. Open now: 2 high."
    ]


async def test_a_digest_is_sent_at_its_hour_and_only_if_it_has_content(
    store: SqlStore, hook: Hook
) -> None:
    digest: dict[str, Any] = {
        "type": "slack",
        "url": hook.url,
        "digest_hours": 24,
        "digest_at": "08:00",
    }
    async with desk_of(store, **digest) as desk:  # it is noon
        await desk.look(of(finding("a")))
        desk.clock.advance(19.9 * 3600)
        await desk.look(of(finding("b")))
        assert hook.bodies == []
        desk.clock.advance(0.2 * 3600)
        await desk.look(of(finding("b")))
        desk.clock.advance(24 * 3600)
        await desk.look(of(finding("b")))
    (body,) = hook.bodies
    assert body["text"].startswith("*tlsprobe digest*: 1 opened. Open now: 1 high.")


async def test_a_removed_target_is_reported_as_removed_after_an_hour(
    store: SqlStore, hook: Hook
) -> None:
    async with desk_of(store, type="webhook", url=hook.url) as desk:
        await desk.look(of(finding()))
        for _ in range(3):
            await desk.look(snapshot())
            desk.clock.advance(1800)
    assert [event for event, _ in hook.events] == ["opened", "target_removed"]


async def test_a_webhook_has_all_events_in_messages_of_five_hundred(
    store: SqlStore, hook: Hook
) -> None:
    async with desk_of(store, type="webhook", url=hook.url) as desk:
        await desk.look(of(*(finding(f"r{number}") for number in range(1100))))
    assert [len(body["events"]) for body in hook.bodies] == [500, 500, 100]
    assert [body["open"]["high"] for body in hook.bodies] == [500, 1000, 1100]


async def test_a_token_is_sent_with_each_message_and_no_secret_is_logged(
    store: SqlStore,
    hook: Hook,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOOK_URL", hook.url)
    monkeypatch.setenv("HOOK_TOKEN", "the-token")
    settings: dict[str, Any] = {
        "type": "webhook",
        "url_variable": "HOOK_URL",
        "token_variable": "HOOK_TOKEN",
    }
    async with desk_of(store, **settings) as desk:
        hook.answer = 500
        await desk.look(of(finding()))
        hook.answer = 200
        desk.clock.advance(5)
        await desk.look(of(finding()))
    assert hook.headers[0]["authorization"] == "Bearer the-token"
    said = "".join(capfd.readouterr())
    assert "a sink fails" in said
    assert "secret-path" not in said
    assert "the-token" not in said


async def test_an_unreachable_receiver_is_reported_without_its_url(
    store: SqlStore, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}/secret-path"
    async with desk_of(store, type="webhook", url=url) as desk:
        await desk.look(of(finding()))
        assert desk.number("delivery_failures_total") == 1
    said = "".join(capfd.readouterr())
    assert "ConnectError: " in said
    assert "secret-path" not in said


async def test_mail_is_sent_with_starttls_and_a_login(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "pass word")
    async with running_post_office() as office:
        office.authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        settings: dict[str, Any] = {
            "type": "email",
            "host": "127.0.0.1",
            "port": office.port,
            "user": "ops",
            "password_variable": "MAIL_PASSWORD",
            **office.sender,
            "to": ["ops@example.test", "web@example.test"],
        }
        async with desk_of(store, **settings) as stranger:
            await stranger.look(of(finding()))
            assert stranger.number("delivery_failures_total") == 1
        async with desk_of(store, ca_file=tmp_path / "ca.pem", **settings) as desk:
            await desk.look(of(finding()))
            assert desk.number("deliveries_total") == 1
    (mail,) = office.mails
    assert office.recipients == [["ops@example.test", "web@example.test"]]
    assert mail["From"] == office.sender["from"]
    assert mail["Subject"] == "[tlsprobe] opened, high: www.example:443: TLS 1.0 is offered"
    assert "requirement: Only TLS 1.2 and 1.3 may be offered" in mail.get_content()


async def test_a_wrong_password_is_reported_without_showing_it(
    store: SqlStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "no-such-password")
    async with running_post_office() as office:
        office.authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        async with desk_of(
            store,
            type="email",
            host="127.0.0.1",
            port=office.port,
            user="ops",
            password_variable="MAIL_PASSWORD",
            ca_file=tmp_path / "ca.pem",
            to=["ops@example.test"],
            **office.sender,
        ) as desk:
            await desk.look(of(finding()))
            assert desk.number("delivery_failures_total") == 1
    assert office.mails == []
    said = "".join(capfd.readouterr())
    assert "535" in said
    assert "no-such-password" not in said
