"""A real Alertmanager with our example: one message for each target, and no message for follow-up alerts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deploy.files import ROOT
from tests.service.delivery.waiting import until
from tests.support.plain_http import TRUSTS_NO_CA
from tests.zoo.process import Command, running

pytestmark = pytest.mark.integration

EXAMPLE = ROOT / "deploy/alertmanager/alertmanager.yml"


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[httpx.Client]:
    command = Command(
        arguments=[
            "prometheus-alertmanager",
            f"--config.file={EXAMPLE}",
            f"--storage.path={tmp_path / 'kept'}",
            "--web.listen-address=127.0.0.1:0",
            "--cluster.listen-address=",
        ],
        ready=r'msg="Listening on" address=(\S+)',
    )
    with (
        running(command, tmp_path) as ready,
        httpx.Client(
            base_url=f"http://{ready[1]}/api/v2", verify=TRUSTS_NO_CA, timeout=30
        ) as client,
    ):
        yield client


def alert(name: str, severity: str, target: str = "a:443", **labels: str) -> dict[str, Any]:
    named = {"alertname": f"Tlsprobe{name}", "severity": severity, "target": target, **labels}
    return {"labels": named, "annotations": {"summary": name}}


def post(alertmanager: httpx.Client, raised: list[dict[str, Any]]) -> None:
    assert alertmanager.post("/alerts", json=raised).status_code == 200


def inhibited(alertmanager: httpx.Client) -> dict[tuple[str, str], bool]:
    """Whether another alert inhibits it, of each alert by name and target."""
    return {
        (one["labels"]["alertname"], one["labels"]["target"]): bool(one["status"]["inhibitedBy"])
        for one in alertmanager.get("/alerts").json()
        if "target" in one["labels"]
    }


def inhibited_of_itself(alertmanager: httpx.Client) -> set[tuple[str, str | None]]:
    """The inhibited alerts about tlsprobe itself, by name and sink."""
    return {
        (one["labels"]["alertname"], one["labels"].get("sink"))
        for one in alertmanager.get("/alerts").json()
        if one["status"]["inhibitedBy"] and "target" not in one["labels"]
    }


async def post_pair(alertmanager: httpx.Client, target: str) -> None:
    """Return once the inhibitor has read these alerts, and so all that was posted before it read them.

    It reads what is posted in the order of the posts, but later, as a task of its own.
    """
    source = alert("EndpointDown", "critical", target=target)
    post(alertmanager, [source, alert("AddressDown", "warning", target=target)])
    await until(lambda: inhibited(alertmanager)["TlsprobeAddressDown", target])


async def test_a_consequence_of_another_alert_is_inhibited(alertmanager: httpx.Client) -> None:
    # The inhibitor has begun to read before the alerts in question are posted.
    await post_pair(alertmanager, "before:443")
    raised = [
        alert("CertificateExpired", "critical", cert="1"),
        alert("VerificationFailed", "critical", cert="1"),
        alert("VerificationFailed", "critical", target="b:443", cert="2"),
        alert("EndpointDown", "critical", target="c:443"),
        alert("AddressDown", "warning", target="c:443", address="192.0.2.1"),
        alert("ClientAuthNotEnforced", "critical", target="d:443", protocol="TLSv1.2"),
        alert("ClientAuthNotVerified", "critical", target="d:443", protocol="TLSv1.2"),
    ]
    post(alertmanager, raised)
    await post_pair(alertmanager, "after:443")
    ours = ("before:443", "after:443")
    found = {
        place: is_inhibited
        for place, is_inhibited in inhibited(alertmanager).items()
        if place[1] not in ours
    }
    assert len(found) == len(raised)
    assert {place for place, is_inhibited in found.items() if is_inhibited} == {
        ("TlsprobeVerificationFailed", "a:443"),
        ("TlsprobeAddressDown", "c:443"),
        ("TlsprobeClientAuthNotVerified", "d:443"),
    }


async def test_a_missed_objective_is_inhibited_by_the_alert_with_the_reason(
    alertmanager: httpx.Client,
) -> None:
    await post_pair(alertmanager, "before:443")
    raised = [
        own_alert("ScheduleLag"),
        own_alert("SloLateVisits"),
        own_alert("SloVisitErrors"),
        own_alert("DeliveryFailing", sink="ops", instance="a:9844"),
        own_alert("SloDeliveries", sink="ops"),
        own_alert("SloDeliveries", sink="mail"),
    ]
    post(alertmanager, raised)
    await post_pair(alertmanager, "after:443")
    assert inhibited_of_itself(alertmanager) == {
        ("TlsprobeSloLateVisits", None),
        ("TlsprobeSloDeliveries", "ops"),
    }


def own_alert(name: str, **labels: str) -> dict[str, Any]:
    """An alert about tlsprobe itself."""
    return {"labels": {"alertname": f"Tlsprobe{name}", "severity": "warning", **labels}}


def test_it_starts_without_a_warning(alertmanager: httpx.Client, tmp_path: Path) -> None:
    assert alertmanager.get("/status").status_code == 200
    logs = [one.read_text() for one in tmp_path.rglob("*") if one.is_file()]
    assert any("Listening on" in one for one in logs)
    assert not any("level=warn" in one for one in logs)


async def test_a_target_is_one_message_and_each_severity_has_its_receiver(
    alertmanager: httpx.Client,
) -> None:
    raised = [
        alert("WeakProtocol", "warning", protocol="TLSv1.0"),
        alert("WeakProtocol", "warning", protocol="TLSv1.1"),
        alert("WeakCipherSuite", "warning", strength="weak"),
        alert("HostnameMismatch", "critical", target="b:443"),
        alert("UnknownTooLong", "info", check="robot"),
    ]
    post(alertmanager, raised)

    def groups() -> dict[tuple[str, tuple[str, ...]], int]:
        return {
            (group["receiver"]["name"], tuple(group["labels"].values())): len(group["alerts"])
            for group in alertmanager.get("/alerts/groups").json()
        }

    # The dispatcher puts alerts into groups some time after the post.
    await until(lambda: sum(groups().values()) >= len(raised))
    assert groups() == {
        ("tickets", ("a:443",)): 3,
        ("on-call", ("b:443",)): 1,
        ("digest", ("TlsprobeUnknownTooLong",)): 1,
    }
