"""The policy that MTA-STS serves over HTTPS (RFC 8461, sections 3.2 and 4.1)."""

from __future__ import annotations

import re
from typing import Final

from model.mail.mail_domain import StsMode, StsPolicy

MOST_BYTES: Final = 64 * 1024
"""The size that senders accept (RFC 8461, section 3.3)."""
LONGEST_AGE: Final = 31_557_600
"""Seconds, the largest ``max_age`` (RFC 8461, section 3.2)."""
_SHORT_AGE: Final = 86_400
_MOST_LINES: Final = 2_000
_AGE: Final = re.compile(r"[0-9]{1,10}")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_PATTERN: Final = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_WILDCARD: Final = "*."


class StsPolicyError(Exception):
    """Senders cannot use the policy; the message is one sentence."""


def read_policy(body: bytes) -> StsPolicy:
    """The policy in the body of the answer. Of a repeated field other than ``mx``, the first counts.

    Raises:
        StsPolicyError: if it is not a valid policy.
    """
    if len(body) > MOST_BYTES:
        raise StsPolicyError(f"The policy has more than {MOST_BYTES} bytes.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise StsPolicyError("The policy is not UTF-8 text.") from None
    fields: dict[str, str] = {}
    mx: list[str] = []
    for name, value in _fields(text):
        if name == "mx":
            mx.append(value)
        else:
            fields.setdefault(name, value)
    if fields.get("version") != "STSv1":
        raise StsPolicyError("The policy has no version: STSv1.")
    mode = _mode(fields)
    age = _age(fields)
    for pattern in mx:
        if _PATTERN.fullmatch(pattern) is None:
            raise StsPolicyError(f"mx: {pattern[:100]!r} is not a host name or *. with one.")
    if not mx and mode is not StsMode.NONE:
        raise StsPolicyError("The policy has no mx.")
    return StsPolicy(mode=mode, max_age=age, mx=tuple(mx), warnings=_warnings(mode, age))


def allows(policy: StsPolicy, host: str) -> bool:
    """Whether one of the ``mx`` patterns covers the host; ``*.`` stands for exactly one label (section 4.1)."""
    name = host.rstrip(".").lower()
    parent = name.partition(".")[2]
    patterns = {one.lower() for one in policy.mx}
    return name in patterns or (bool(parent) and f"{_WILDCARD}{parent}" in patterns)


def _fields(text: str) -> list[tuple[str, str]]:
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        raise StsPolicyError(f"The policy has more than {_MOST_LINES} lines.")
    found = []
    for number, raw in enumerate(lines, start=1):
        line = raw.removesuffix("\r").rstrip(" \t")
        if not line and number == len(lines):
            continue
        name, separator, value = line.partition(":")
        if not separator or _KEY.fullmatch(name) is None:
            raise StsPolicyError(
                f"Line {number} of the policy is not a field such as 'mode: enforce'."
            )
        found.append((name, value.strip(" \t")))
    return found


def _mode(fields: dict[str, str]) -> StsMode:
    try:
        return StsMode(fields.get("mode", ""))
    except ValueError:
        raise StsPolicyError("The policy has no mode: enforce, testing or none.") from None


def _age(fields: dict[str, str]) -> int:
    text = fields.get("max_age", "")
    if _AGE.fullmatch(text) is None:
        raise StsPolicyError("The policy has no max_age in seconds.")
    return int(text)


def _warnings(mode: StsMode, age: int) -> tuple[str, ...]:
    if age > LONGEST_AGE:
        return (f"max_age is above {LONGEST_AGE} seconds, the largest value.",)
    if mode is StsMode.ENFORCE and age < _SHORT_AGE:
        return ("max_age is below one day: senders forget the policy soon.",)
    return ()
