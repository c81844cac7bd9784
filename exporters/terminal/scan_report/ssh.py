"""The facts of an SSH server as rows of its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import Group

from exporters.fact_words import SSH_WORDS
from exporters.terminal.console import printable
from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.layout import Row, Words, row
from exporters.terminal.words import NAME_LIMIT
from model.observation import Observation
from model.verdict import Fact, Verdict

_LISTS: Final = {
    "kex_algorithms": "key exch.",
    "server_host_key_algorithms": "signatures",
    "encryption_algorithms_server_to_client": "ciphers",
    "mac_algorithms_server_to_client": "MACs",
    "compression_algorithms_server_to_client": "compression",
}
"""The label of each list; the report has those of one direction, and the other where it differs."""
_TO_SERVER: Final = {
    name: name.replace("server_to_client", "client_to_server")
    for name in _LISTS
    if name.endswith("server_to_client")
}
_KEY: Final = "host_key_"
_SIGNATURE: Final = "_signature"
_SIGNED: Final = {
    Verdict.YES: "signed by",
    Verdict.NO: "not signed by",
    Verdict.UNKNOWN: "not known whether signed by",
}
_LONGEST_LIST: Final = 4_096
_STYLES: Final = {Verdict.YES: "", Verdict.NO: "dim", Verdict.UNKNOWN: "magenta"}


def ssh_rows(observation: Observation, *, verbose: bool) -> Iterator[Row]:
    """Software, host keys, lists of algorithms, and the other facts; ``verbose`` has host keys that it lacks too."""
    facts = observation.ssh
    if (software := facts.get("identification")) is not None and software.value:
        yield row("software", SafeText(printable(software.value, limit=NAME_LIMIT)))
    keys = list(_host_keys(facts, verbose=verbose))
    if keys:
        yield row("host keys", Group(*keys))
    for name, label in _LISTS.items():
        yield from _list(facts, name, label)
    others = [
        SafeText(f"{words} {facts[name].verdict}", style=_STYLES[facts[name].verdict])
        for name, words in SSH_WORDS.items()
        if name in facts
    ]
    if others:
        yield row("features", Words(others, ", "))


def _host_keys(facts: Mapping[str, Fact], *, verbose: bool) -> Iterator[SafeText]:
    for name, fact in facts.items():
        if not name.startswith(_KEY) or name.endswith(("_ends", _SIGNATURE)):
            continue
        if fact.verdict is Verdict.NO and not verbose:
            continue
        words = [name.removeprefix(_KEY).replace("_", " "), printable(fact.value or "", limit=500)]
        end = facts.get(f"{name}_ends")
        if end is not None and end.value:
            words.append(f"until {printable(end.value, limit=NAME_LIMIT)}")
        signature = facts.get(name + _SIGNATURE)
        if signature is not None and signature.value:
            authority = printable(signature.value, limit=NAME_LIMIT)
            words.append(f"{_SIGNED[signature.verdict]} {authority}")
        if fact.verdict is not Verdict.YES:
            words.append(fact.verdict.value)
        yield SafeText(" ".join(filter(None, words)), style=_STYLES[fact.verdict])


def _list(facts: Mapping[str, Fact], name: str, label: str) -> Iterator[Row]:
    fact = facts.get(name)
    if fact is None or fact.value is None:
        return
    yield row(label, _names(fact.value))
    other = facts.get(_TO_SERVER.get(name, name))
    if other is not None and other.value is not None and other.value != fact.value:
        yield row("", SafeText.of(("from clients: ", "dim"), _names_text(other.value)))


def _names(value: str) -> Words:
    names = printable(value, limit=_LONGEST_LIST).split(",")
    return Words([SafeText(name) for name in names])


def _names_text(value: str) -> str:
    return printable(value, limit=_LONGEST_LIST).replace(",", "  ")
