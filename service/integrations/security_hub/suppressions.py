"""What people suppress in Security Hub, as waivers: each holds for some days after its suppression."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from model.findings.finding import Waiver
from model.safe_output.printable import printable
from service.integrations.security_hub.asff import PREFIX

_LONGEST: Final = 1000
_KEY_DIGITS: Final = 12
_SOMEBODY: Final = "Security Hub"


def waiver_names(notifier: str) -> str:
    """What the names of the waivers from one notifier begin with."""
    digest = hashlib.sha256(notifier.encode()).hexdigest()[:_KEY_DIGITS]
    return f"security-hub-{digest}-"


def waiver_of(finding: Mapping[str, Any], notifier: str, days: int) -> Waiver | None:
    """The waiver for a suppressed finding of ours; None if no waiver can accept it, as for a certificate's end.

    It holds to the end of the day (UTC) that is ``days`` after the note of the suppression.
    """
    fields = finding.get("ProductFields", {})
    target, policy, rule = (fields.get(f"{PREFIX}{name}") for name in ("target", "policy", "rule"))
    if not (target and policy and rule):
        return None
    note = finding.get("Note", {})
    at = datetime.fromisoformat(note.get("UpdatedAt") or finding["UpdatedAt"]).astimezone(UTC)
    last = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    owner = printable(str(note.get("UpdatedBy") or _SOMEBODY), limit=_LONGEST)
    reason = printable(str(note.get("Text") or "suppressed in Security Hub"), limit=_LONGEST)
    return Waiver(
        name=f"{waiver_names(notifier)}{finding['Id'].removeprefix(PREFIX)[:_KEY_DIGITS]}",
        rule=rule,
        policy=policy,
        target=target,
        owner=owner,
        reason=reason,
        expires_at=last + timedelta(days=1),
    )
