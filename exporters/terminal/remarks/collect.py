"""All remarks on one Observation."""

from __future__ import annotations

from datetime import datetime

from exporters.terminal.remarks.certificates import certificate_remarks
from exporters.terminal.remarks.client_auth import client_auth_remarks
from exporters.terminal.remarks.handshake import handshake_remarks
from exporters.terminal.remarks.remark import Remark
from exporters.terminal.remarks.ssh import ssh_remarks
from exporters.terminal.remarks.web import web_remarks
from model.findings.finding import Severity
from model.observation import Observation


def remarks(observation: Observation, now: datetime) -> tuple[Remark, ...]:
    """The problems of one endpoint, most severe first; ``now`` (aware) decides how close expiry is."""
    found = [
        *certificate_remarks(observation, now),
        *client_auth_remarks(observation, now),
        *handshake_remarks(observation),
        *web_remarks(observation),
        *ssh_remarks(observation, now),
    ]
    found += [
        Remark(
            severity=Severity.MEDIUM,
            text=contradiction.subject,
            fix="find the servers behind this address, and configure them the same way",
        )
        for contradiction in observation.contradictions
    ]
    if observation.answered and observation.reason:
        found.append(Remark(severity=Severity.MEDIUM, text=observation.reason))
    return tuple(sorted(dict.fromkeys(found), key=lambda remark: -remark.severity.rank))
