"""Cipher suites and groups: versions that accept the same share a title above what they accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table

from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.layout import Words, versions_text
from exporters.terminal.words import say
from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.registry import Strength, cipher_suite_by_name, strength_by_name
from model.safe_output.printable import printable
from model.verdict import Preference, UnknownCause

_STRENGTH_STYLES: Final = {
    Strength.INSECURE: "bold red",
    Strength.WEAK: "yellow",
    Strength.LEGACY: "",
    Strength.SECURE: "green",
    Strength.RECOMMENDED: "bold green",
}
_ORDERS: Final = {
    Preference.SERVER: "in the server's order",
    Preference.CLIENT: "in the client's order",
    Preference.UNKNOWN: "order unknown",
}


def suite_list(found: Mapping[ProtocolVersion, AcceptedSet], *, verbose: bool) -> RenderableType:
    """The suites of all versions, newest first; ``verbose`` gives each a line with its other names."""
    parts: list[RenderableType] = []
    for title, accepted in _merged(found, "suite"):
        parts.append(title)
        parts.extend(_suite_lines(accepted) if verbose else _by_strength(accepted))
    return Group(*parts)


def group_list(found: Mapping[ProtocolVersion, AcceptedSet]) -> RenderableType:
    """The groups of all versions, newest first."""
    parts: list[RenderableType] = []
    for title, accepted in _merged(found, "group"):
        parts.append(title)
        if accepted.accepted:
            parts.append(_inside(Words([say(name) for name in accepted.accepted])))
    return Group(*parts)


def _merged(
    found: Mapping[ProtocolVersion, AcceptedSet], noun: str
) -> Iterator[tuple[SafeText, AcceptedSet]]:
    """Versions with the same contents under one title, newest first."""
    versions: dict[tuple[tuple[str, ...], bool, Preference], list[ProtocolVersion]] = {}
    for version, accepted in sorted(found.items(), reverse=True):
        content = (accepted.accepted, accepted.complete, accepted.preference)
        versions.setdefault(content, []).append(version)
    for shared in versions.values():
        accepted = found[shared[0]]
        count = len(accepted.accepted)
        plural = "" if count == 1 else "s"
        counted = f": {count} {noun}{plural}{_how_sure(accepted, noun)}"
        yield SafeText.of((versions_text(shared), "bold"), (counted, "dim")), accepted


def _how_sure(found: AcceptedSet, noun: str) -> str:
    order = f", {_ORDERS[found.preference]}" if len(found.accepted) > 1 else ""
    if found.complete:
        return order
    if found.cause is UnknownCause.NO_HELLO_SHOWS and found.refusal is not None:
        return f"{order}, perhaps more: {printable(found.refusal.note or '')}"
    return f"{order}, list may be incomplete: not every {noun} could be probed"


def _by_strength(found: AcceptedSet) -> Iterator[RenderableType]:
    """The worst first, each strength with the reason why it is no better."""
    for strength in (None, *Strength):
        by_reason: dict[str, list[SafeText]] = {}
        for name in found.accepted:
            if strength_by_name(name) is strength:
                by_reason.setdefault(_weakness(name), []).append(say(name))
        for reason, names in by_reason.items():
            why = f": {reason}" if reason else ""
            yield SafeText.of(_strength_word(strength), why)
            yield _inside(Words(names))


def _suite_lines(found: AcceptedSet) -> Iterator[RenderableType]:
    """One line a suite: code point, strength, names of IANA and OpenSSL, and why it is no better."""
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for name in found.accepted:
        suite = cipher_suite_by_name(name)
        code_point = f"0x{suite.code_point:04X}" if suite else ""
        also = suite.openssl_name if suite and suite.openssl_name != name else ""
        said = [say(name)]
        said += [SafeText(f"OpenSSL: {also}", style="dim")] * bool(also)
        reason = _weakness(name)
        said += [SafeText(reason, style="dim")] * bool(reason)
        rows.add_row(code_point, _strength_word(strength_by_name(name)), Words(said))
    yield rows


def _weakness(name: str) -> str:
    suite = cipher_suite_by_name(name)
    return suite.weakness if suite is not None else ""


def _strength_word(strength: Strength | None) -> SafeText:
    if strength is None:
        return SafeText("unregistered", style="magenta")
    return SafeText(strength.value, style=_STRENGTH_STYLES[strength])


def _inside(value: RenderableType) -> RenderableType:
    return Padding(value, (0, 0, 0, 2), expand=False)
