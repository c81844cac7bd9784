"""Changes in what a server requires of client certificates, and in whether it verifies them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.comparisons.difference import Difference, appeared, changed, listed, spoken, vanished
from model.observation import ClientAuth, ClientAuthMode, Observation
from model.verdict import Verdict

_FACT: Final = "client_auth"
_SENTENCES: Final = {
    ClientAuthMode.REQUIRED: "client certificate required now",
    ClientAuthMode.REQUESTED: "client certificate requested now, not required",
    ClientAuthMode.NONE: "client certificate no longer requested",
}


def compare_client_auth(before: Observation, after: Observation) -> Iterator[Difference]:
    """The differences of each version; one difference if all versions changed in the same way."""
    versions = sorted(before.client_auth.keys() & after.client_auth.keys())
    by_version = [
        list(_compare(before.client_auth[version], after.client_auth[version]))
        for version in versions
    ]
    if by_version and all(found == by_version[0] for found in by_version):
        yield from by_version[0]
        return
    for version, found in zip(versions, by_version, strict=True):
        for one in found:
            yield Difference(
                fact=one.fact.replace(_FACT, f"{_FACT}.{version.label}", 1),
                kind=one.kind,
                before=one.before,
                after=one.after,
                sentence=f"{one.sentence} (at {spoken(version)})",
            )


def _compare(before: ClientAuth, after: ClientAuth) -> Iterator[Difference]:
    modes = (before.mode, after.mode)
    if ClientAuthMode.UNKNOWN in modes:
        return
    if before.mode is not after.mode:
        sentence = _SENTENCES[after.mode]
        if modes == (ClientAuthMode.REQUIRED, ClientAuthMode.NONE):
            sentence = "client certificate no longer required"
        yield changed(f"{_FACT}.mode", before.mode.value, after.mode.value, sentence)
    if before.asked_on_path != after.asked_on_path:
        yield _path_difference(before.asked_on_path, after.asked_on_path)
    verdicts = (before.verifies, after.verifies)
    if verdicts == (Verdict.YES, Verdict.NO):
        yield changed(
            f"{_FACT}.verifies", "yes", "no", "self-made client certificates are accepted now"
        )
    elif verdicts == (Verdict.NO, Verdict.YES):
        yield changed(
            f"{_FACT}.verifies",
            "no",
            "yes",
            "self-made client certificates are refused now",
        )
    if before.ca_names and after.ca_names:
        yield from _compare_names(before.ca_names, after.ca_names)
    yield from _compare_own(before, after)


def _path_difference(before: str | None, after: str | None) -> Difference:
    fact = f"{_FACT}.asked_on_path"
    if after is None:
        return vanished(fact, before or "", f"client certificate no longer asked for on {before}")
    if before is None:
        return appeared(fact, after, f"client certificate asked for on {after} now")
    return changed(fact, before, after, f"client certificate asked for on {after}, not {before}")


def _compare_names(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[Difference]:
    fact = f"{_FACT}.ca_names"
    if new := [name for name in after if name not in before]:
        yield appeared(fact, "; ".join(new), f"CA for client certificates appeared: {listed(new)}")
    if gone := [name for name in before if name not in after]:
        yield vanished(
            fact, "; ".join(gone), f"CA for client certificates vanished: {listed(gone)}"
        )


def _compare_own(before: ClientAuth, after: ClientAuth) -> Iterator[Difference]:
    if before.own is None or after.own is None or before.own.identity != after.own.identity:
        return
    was, now = before.own.is_accepted, after.own.is_accepted
    if Verdict.UNKNOWN not in (was, now) and was is not now:
        word = "accepted" if now is Verdict.YES else "refused"
        yield changed(
            f"{_FACT}.own",
            was.value,
            now.value,
            f"your client certificate {after.own.identity} is {word} now",
        )
