"""Explanations as lines of text and as JSON.

A long proof is shortened, unless the reader wants everything: the nested lists of a decoded message, and the
bytes in hexadecimal, are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from model.target_labels import http_port_of
from model.verdict import Evidence
from probe.checks.http.http_plaintext import HTTP_IN_PLAINTEXT_FACTS
from probe.tls.decoded import decoded, hex_dump, is_text
from service.scan.explaining.explanation import Explanation, tokens
from service.scan.explaining.run import Explained

_INDENT: Final = "    "
_MOST_LINES: Final = 24
"""A proof with more lines is shortened."""
_MOST_SHOWN: Final = 12
_DEEPEST: Final = 4
"""The indentation of a message's fields within their record, in decoded text; lists are deeper."""


def explanation_lines(explained: Explained, name: str, *, is_whole: bool = False) -> Iterator[str]:
    """The explanations of the fact ``name`` at one address, as text; server-chosen text is not escaped."""
    place = explained.endpoint.key
    if not explained.explanations:
        yield f"{place}: {explained.reason or _why_nothing(explained, name)}"
    shown: list[tuple[Evidence, str]] = []
    for one in explained.explanations:
        value = f" ({one.value})" if one.value else ""
        yield f"{place}: {one.title}: {one.verdict}{value}"
        yield from (f"  {line}" for line in one.details)
        if is_whole:
            yield from (f"  {line}" for line in one.more)
        earlier = next((title for proof, title in shown if proof == one.evidence), None)
        if one.evidence is None:
            yield from () if one.details else ("  no proof was stored",)
        elif earlier is not None and one.evidence.answer is not None:
            yield f"  the same proof as for {earlier}"
        else:
            shown.append((one.evidence, one.title))
            yield from proof_lines(one.evidence, is_whole=is_whole)


def _why_nothing(explained: Explained, name: str) -> str:
    why = f"{name} does not apply to this server, or was not asked"
    needs_port = tokens(name)[-1:] and tokens(name)[-1] in HTTP_IN_PLAINTEXT_FACTS
    if needs_port and http_port_of(explained.endpoint.target) is None:
        why += ": no http_port (add --label http_port=80, with its port)"
    return why


def proof_lines(evidence: Evidence, *, is_whole: bool = True) -> Iterator[str]:
    """What the evidence says, and its bytes decoded; never shortened if ``is_whole``."""
    if evidence.note:
        yield f"  {evidence.note}"
    if evidence.is_cut:
        yield "  the proof is the first bytes of a longer conversation"
    received, sent = evidence.answer, evidence.offer
    if received is not None:
        yield from _bytes("received", received, is_whole=is_whole)
    elif sent is not None:
        yield "  nothing received"
    if sent is not None:
        yield from _bytes("sent", sent, is_whole=is_whole)


def _bytes(title: str, raw: bytes, *, is_whole: bool) -> Iterator[str]:
    yield f"  {title} {len(raw)} byte{'s' * (len(raw) != 1)}"
    lines, dump = decoded(raw), hex_dump(raw)
    if is_whole or (len(lines) + len(dump) <= _MOST_LINES and not is_text(raw)):
        yield from (_INDENT + line for line in (*lines, "", *dump))
        return
    if len(lines) <= _MOST_SHOWN and is_text(raw):
        yield from (_INDENT + line for line in lines)
        return
    shown = [line for line in lines if len(line) - len(line.lstrip()) <= _DEEPEST][:_MOST_SHOWN]
    yield from (_INDENT + line for line in shown)
    left_out = len(lines) - len(shown)
    more = f"{left_out} more lines and the bytes" if left_out else "the bytes"
    yield f"{_INDENT}… {more}: --verbose"


def explanation_json(explained: Explained) -> str:
    """The same as one line of JSON, never shortened."""
    return json.dumps(
        {
            "endpoint": explained.endpoint.key,
            "reason": explained.reason,
            "explanations": [_json(explanation) for explanation in explained.explanations],
        }
    )


def _json(explanation: Explanation) -> dict[str, object]:
    evidence = explanation.evidence or Evidence()
    details: Sequence[str] = (*explanation.details, *explanation.more)
    return {
        "fact": explanation.path,
        "title": explanation.title,
        "verdict": str(explanation.verdict),
        "value": explanation.value,
        "note": evidence.note,
        "details": list(details),
        "sent": _bytes_json(evidence.offer),
        "received": _bytes_json(evidence.answer),
        "is_cut": evidence.is_cut,
    }


def _bytes_json(raw: bytes | None) -> dict[str, object] | None:
    return {"hex": raw.hex(), "decoded": decoded(raw)} if raw else None
