"""Do the timestamps meet the requirements of Chrome and Apple for public certificates?

Chrome: "Chrome Certificate Transparency Policy"; Apple: "Apple's Certificate Transparency policy" (HT205280).
As of 2026, both require embedded timestamps from two logs for a lifetime of up to 180 days and from three for
a longer one, or timestamps from two logs by TLS or OCSP; at least two operators; and one log that is usable now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from model.certificates.certificate import Certificate, Judgement, Sct, SctSource
from model.verdict import Verdict
from pki.transparency.log_list import LogList

POLICIES: Final = ("apple", "chrome")

_SHORT: Final = timedelta(days=180)
_ONCE_QUALIFIED: Final = frozenset({"qualified", "usable", "readonly", "retired"})
_NOW_QUALIFIED: Final = frozenset({"qualified", "usable", "readonly"})
_FEW, _MANY = 2, 3


def judge_policies(
    leaf: Certificate, scts: Sequence[Sct], logs: LogList | None
) -> dict[str, Judgement]:
    """The verdict of each policy by name; empty without a log list."""
    if logs is None or leaf.not_before is None or leaf.not_after is None:
        return {}
    is_long = leaf.not_after - leaf.not_before > _SHORT
    embedded = [one for one in scts if one.source is SctSource.CERTIFICATE]
    delivered = [one for one in scts if one.source is not SctSource.CERTIFICATE]
    reasons = [
        _shortfall(embedded, logs, _MANY if is_long else _FEW, _ONCE_QUALIFIED),
        _shortfall(delivered, logs, _FEW, _NOW_QUALIFIED),
    ]
    if None in reasons:
        found = Judgement(verdict=Verdict.YES)
    else:
        is_open = any(one.is_valid is Verdict.UNKNOWN for one in scts)
        verdict = Verdict.UNKNOWN if is_open else Verdict.NO
        found = Judgement(verdict=verdict, reason=reasons[0])
    return dict.fromkeys(POLICIES, found)


def _shortfall(
    scts: Sequence[Sct], logs: LogList, needed: int, states: frozenset[str]
) -> str | None:
    """What is missing, in one sentence, or None."""
    valid = {one.log_id: one for one in scts if one.is_valid is Verdict.YES}
    counted = {
        log_id: one for log_id, one in valid.items() if logs[bytes.fromhex(log_id)].state in states
    }
    if len(counted) < needed:
        return f"{len(counted)} valid timestamps from qualified logs; {needed} are required."
    if len({one.operator for one in counted.values()}) < _FEW:
        return "All timestamps are from one operator; two are required."
    if all(logs[bytes.fromhex(log_id)].state not in _NOW_QUALIFIED for log_id in counted):
        return "No timestamp is from a log that is usable now."
    return None
