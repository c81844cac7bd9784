"""Whatever text a server sends, it cannot change the form of a message."""

from __future__ import annotations

import email
import json
from dataclasses import replace
from datetime import timedelta
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.notifications import Message, active_alerts_of
from model.encoding.alert_json import alert_from_json, alert_to_json
from model.findings.alert import Alert, Event, EventKind
from model.findings.finding import Severity
from service.integrations.catalogue import NOTIFIERS, notifier_of
from tests.service.delivery.alert_samples import finding, of, snapshot, status, with_leaf
from tests.service.samples import NOW

HOSTILE = 'x\r\nBcc: all@example.test\r\n\r\n<!channel> & `@here` \x1b[2J\u202e \ud800 "'


def message(*events: Event, group_label: str = "team") -> Message:
    return Message(
        notifier="ops",
        at=NOW,
        valid_until=NOW + timedelta(minutes=5),
        events=events,
        active=tuple(event.alert for event in events if not event.kind.is_end),
        group_label=group_label,
    )


def alert(violation: str = "TLS 1.0 is offered") -> Alert:
    (found,) = active_alerts_of(of(finding(violation=violation))).alerts.values()
    return found


def opened(of_notice: Alert | None = None) -> Event:
    return Event(kind=EventKind.OPENED, at=NOW, alert=of_notice or alert())


def rendered(form: str, *events: Event) -> Any:
    return json.loads(notifier_of(form).render(message(*events)))


def test_the_webhook_has_all_of_an_event() -> None:
    body = rendered("webhook", opened())
    assert body["open"] == {"critical": 0, "high": 1, "medium": 0, "low": 0, "info": 0}
    (event,) = body["events"]
    assert event["event"] == "opened"
    assert alert_from_json(event["alert"]) == alert()
    assert event["alert"]["labels"] == {"team": "web"}


def test_slack_has_a_line_for_each_event_and_a_head_for_each_team() -> None:
    other = replace(alert(), target="mail.example:25", labels={})
    text = rendered("slack", opened(other), opened())["text"]
    said = (
        "`TLS 1.0 is offered`; requirement: `Only TLS 1.2 and 1.3 may be offered` "
        "(`intermediate: versions (TP-TLS-001)`)"
    )
    assert text.splitlines() == [
        "*tlsprobe*: 2 opened. Open now: 2 high.",
        "`team web`",
        f"• opened, high: `www.example:443` {said}",
        f"• opened, high: `mail.example:25` {said}",
    ]


def test_slack_messages_contain_no_mentions_and_no_links() -> None:
    text = rendered("slack", opened(alert(HOSTILE)))["text"]
    assert "<" not in text
    assert ">" not in text
    assert "&lt;!channel&gt; &amp; '@here'" in text
    assert len(text.splitlines()) == 3


def test_slack_counts_the_events_that_it_does_not_list() -> None:
    events = [opened(replace(alert(), target=f"h{number}:443")) for number in range(45)]
    assert rendered("slack", *events)["text"].endswith("… and 5 more.")


def test_an_email_has_no_header_of_a_servers_choice() -> None:
    name = with_leaf(10, 90, name=f"CN={HOSTILE}")
    (ending,) = active_alerts_of(snapshot(status(name))).alerts.values()
    raw = notifier_of("email").render(message(opened(ending)))
    read = email.message_from_bytes(raw, policy=SMTP)
    assert set(read.keys()) == {
        "Subject",
        "Date",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert read["Subject"].startswith("[tlsprobe] opened, medium: www.example:443: ")
    assert "\x1b" not in read.get_content()
    assert "\\x0d\\x0aBcc" in read.get_content()


def test_an_alert_has_the_owners_labels_but_our_labels_win() -> None:
    labels = {"team": "web", "severity": "own", "kubernetes.io/name": "shop", "1st": "x"}
    (shown,) = rendered("alertmanager", opened(replace(alert(), labels=labels)))
    assert shown["labels"] == {
        "alertname": "TlsprobeFinding",
        "severity": "warning",
        "finding_severity": "high",
        "target": "www.example:443",
        "policy": "intermediate",
        "rule": "versions",
        "rule_id": "TP-TLS-001",
        "team": "web",
        "kubernetes_io_name": "shop",
        "_1st": "x",
    }
    assert (shown["startsAt"], shown["endsAt"]) == ("2026-06-30T12:00:00Z", "2026-07-01T12:05:00Z")


def test_an_ended_alert_has_its_end_time() -> None:
    (shown,) = rendered("alertmanager", replace(opened(), kind=EventKind.RESOLVED))
    assert shown["endsAt"] == "2026-07-01T12:00:00Z"


@pytest.mark.parametrize("form", [notifier.name for notifier in NOTIFIERS])
@given(violation=st.text(), label=st.text(), value=st.text(), kind=st.sampled_from(EventKind))
def test_no_text_breaks_a_form(
    form: str, violation: str, label: str, value: str, kind: EventKind
) -> None:
    hostile = replace(alert(violation), labels={label: value}, severity=Severity.CRITICAL)
    event = Event(kind=kind, at=NOW, alert=hostile)
    body = notifier_of(form).render(message(event, group_label=label))
    if form == "email":
        assert email.message_from_bytes(body, policy=SMTP)["Auto-Submitted"] == "auto-generated"
    else:
        json.loads(body)
        assert body.isascii()


@given(violation=st.text())
def test_an_alert_survives_its_json(violation: str) -> None:
    one = alert(violation)
    assert alert_from_json(json.loads(json.dumps(alert_to_json(one)))) == one
