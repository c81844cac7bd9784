"""Relabelling as in Prometheus: rules that keep, drop and rewrite targets by their labels.

Here a target is its labels: ``__address__`` (host:port), ``__server_name__``, ``__protocol__``,
``__source__``, the source's own labels under ``__meta_``, and the permanent labels. Actions, defaults and
anchored expressions are those of Prometheus' ``relabel_config``; the syntax of expressions is Python's.

An acting label (``model.target_labels``) counts only if the configuration names it. A rule that copies names
from a source (``labelmap``, or a reference in ``target_label``) cannot set an acting label on a target of an
untrusted source.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from discovery.source import META_PREFIX
from discovery.targets import parse_target
from model.claims.resource_claim import ResourceClaim
from model.frozen import frozen
from model.target import Target, default_server_name
from model.target_labels import ACTING_NAMES

ADDRESS: Final = "__address__"
SERVER_NAME: Final = "__server_name__"
PROTOCOL: Final = "__protocol__"
SOURCE: Final = "__source__"

_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))")


class Action(StrEnum):
    """The effect of a rule; the names are Prometheus'."""

    REPLACE = "replace"
    KEEP = "keep"
    DROP = "drop"
    KEEP_EQUAL = "keepequal"
    DROP_EQUAL = "dropequal"
    HASHMOD = "hashmod"
    LABELMAP = "labelmap"
    LABELDROP = "labeldrop"
    LABELKEEP = "labelkeep"
    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"


@frozen
class Rule:
    """One rule; ``regex`` must match the complete input."""

    action: Action = Action.REPLACE
    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    regex: re.Pattern[str] = re.compile("(.*)", re.DOTALL)
    target_label: str = ""
    replacement: str = "$1"
    modulus: int = 0

    @property
    def name_template(self) -> str:
        """The template for the name of the label that the rule sets."""
        return self.replacement if self.action is Action.LABELMAP else self.target_label

    @property
    def copies_names(self) -> bool:
        """Whether the rule may take the name of a label from the source."""
        return _REFERENCE.search(self.name_template) is not None


def relabelled(
    target: Target, rules: Sequence[Rule], *, trusted: Collection[str] = ()
) -> Target | None:
    """The target after all rules; None if one drops it. Temporary labels are removed.

    ``trusted`` are the acting labels whose names may come from the source.

    Raises:
        TargetError: if the rules produce an invalid address.
    """
    if not rules:
        return _without_meta(target)
    before = labels_of(target)
    labels = relabel(before, rules, trusted=trusted)
    if labels is None:
        return None
    kept = _permanent(labels)
    if all(labels.get(name) == before.get(name) for name in (ADDRESS, SERVER_NAME, PROTOCOL)):
        return replace(target, labels=kept)
    found = parse_target(
        labels.get(ADDRESS, ""),
        server_name=_named(before, labels, rules, trusted),
        protocol=labels.get(PROTOCOL) or None,
        labels=kept,
        source=target.source,
    )
    return replace(found, claims=target.claims)


def relabelled_claim(claim: ResourceClaim, rules: Sequence[Rule]) -> ResourceClaim | None:
    """The claim with the labels after all rules, without temporary ones; None if a rule drops it."""
    after = relabel({**claim.labels, SOURCE: claim.source}, rules)
    return None if after is None else replace(claim, labels=_permanent(after))


def relabelled_text(
    address: str,
    labels: Mapping[str, str],
    rules: Sequence[Rule],
    *,
    source: str,
    trusted: Collection[str] = (),
) -> Target | None:
    """The target that the rules make of an address that cannot be parsed; None if one drops it.

    Raises:
        TargetError: if no rule makes it valid.
    """
    before = {**labels, ADDRESS: address, SERVER_NAME: "", PROTOCOL: "", SOURCE: source}
    after = relabel(before, rules, trusted=trusted)
    if after is None:
        return None
    return parse_target(
        after.get(ADDRESS, ""),
        server_name=after.get(SERVER_NAME) or None,
        protocol=after.get(PROTOCOL) or None,
        labels=_permanent(after),
        source=source,
    )


def labels_of(target: Target) -> dict[str, str]:
    """All labels that rules may read; a source cannot overwrite those of the target itself."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return {
        **target.labels,
        ADDRESS: f"{host}:{target.port}",
        SERVER_NAME: target.server_name or "",
        PROTOCOL: target.protocol,
        SOURCE: target.source,
    }


def relabel(
    labels: Mapping[str, str], rules: Sequence[Rule], *, trusted: Collection[str] = ()
) -> dict[str, str] | None:
    """The labels after all rules in order; None as soon as one drops the target."""
    found = dict(labels)
    guarded = ACTING_NAMES.difference(trusted)
    for rule in rules:
        before = {name: found.get(name) for name in guarded} if rule.copies_names else {}
        if not _ACTIONS[rule.action](rule, found):
            return None
        for name, text in before.items():
            _set(found, name, text or "")
    return found


def names_set_by(rules: Iterable[Rule]) -> frozenset[str]:
    """The acting labels that these rules name and so may set on any target."""
    return ACTING_NAMES.intersection(one.name_template for one in rules)


def _named(
    before: Mapping[str, str],
    labels: Mapping[str, str],
    rules: Sequence[Rule],
    trusted: Collection[str],
) -> str | None:
    """If no rule set the server name and it was derived from the address, it is derived again."""
    name = labels.get(SERVER_NAME, "")
    host = before[ADDRESS].rpartition(":")[0].strip("[]")
    was_own = before[SERVER_NAME] == (default_server_name(host) or "")
    if name != before[SERVER_NAME] or not was_own:
        return name
    # A rule may have set the same name; then it sets a target without a name to it too.
    of_unnamed = relabel({**before, SERVER_NAME: ""}, rules, trusted=trusted) or {}
    return name if of_unnamed.get(SERVER_NAME) == name else None


def _without_meta(target: Target) -> Target:
    if not any(name.startswith(META_PREFIX) for name in target.labels):
        return target
    kept = {name: text for name, text in target.labels.items() if not name.startswith(META_PREFIX)}
    return replace(target, labels=kept)


def _permanent(labels: Mapping[str, str]) -> dict[str, str]:
    return {
        name: text for name, text in labels.items() if not name.startswith(META_PREFIX) and text
    }


def _joined(rule: Rule, labels: Mapping[str, str]) -> str:
    return rule.separator.join(labels.get(name, "") for name in rule.source_labels)


def _expand(template: str, match: re.Match[str]) -> str:
    """Expands ``$1``, ``${1}``, ``$name``; ``$$`` is a dollar. A missing group is empty."""

    def one(reference: re.Match[str]) -> str:
        if reference[3]:
            return "$"
        name = reference[1] or reference[2]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return _REFERENCE.sub(one, template)


def _set(labels: dict[str, str], name: str, text: str) -> None:
    if text:
        labels[name] = text
    else:
        labels.pop(name, None)


def _replace(rule: Rule, labels: dict[str, str]) -> bool:
    match = rule.regex.fullmatch(_joined(rule, labels))
    if match is not None:
        _set(labels, _expand(rule.target_label, match), _expand(rule.replacement, match))
    return True


def _keep(rule: Rule, labels: dict[str, str]) -> bool:
    return rule.regex.fullmatch(_joined(rule, labels)) is not None


def _drop(rule: Rule, labels: dict[str, str]) -> bool:
    return not _keep(rule, labels)


def _keep_equal(rule: Rule, labels: dict[str, str]) -> bool:
    return _joined(rule, labels) == labels.get(rule.target_label, "")


def _drop_equal(rule: Rule, labels: dict[str, str]) -> bool:
    return not _keep_equal(rule, labels)


def _hashmod(rule: Rule, labels: dict[str, str]) -> bool:
    """The last eight bytes of the MD5, as in Prometheus, so that shards agree."""
    digest = hashlib.md5(_joined(rule, labels).encode(), usedforsecurity=False).digest()
    labels[rule.target_label] = str(int.from_bytes(digest[8:]) % rule.modulus)
    return True


def _labelmap(rule: Rule, labels: dict[str, str]) -> bool:
    for name, text in list(labels.items()):
        if match := rule.regex.fullmatch(name):
            labels[_expand(rule.replacement, match)] = text
    return True


def _labeldrop(rule: Rule, labels: dict[str, str]) -> bool:
    for name in [name for name in labels if rule.regex.fullmatch(name)]:
        del labels[name]
    return True


def _labelkeep(rule: Rule, labels: dict[str, str]) -> bool:
    for name in [name for name in labels if not rule.regex.fullmatch(name)]:
        del labels[name]
    return True


def _lowercase(rule: Rule, labels: dict[str, str]) -> bool:
    _set(labels, rule.target_label, _joined(rule, labels).lower())
    return True


def _uppercase(rule: Rule, labels: dict[str, str]) -> bool:
    _set(labels, rule.target_label, _joined(rule, labels).upper())
    return True


_ACTIONS: Final[Mapping[Action, Callable[[Rule, dict[str, str]], bool]]] = {
    Action.REPLACE: _replace,
    Action.KEEP: _keep,
    Action.DROP: _drop,
    Action.KEEP_EQUAL: _keep_equal,
    Action.DROP_EQUAL: _drop_equal,
    Action.HASHMOD: _hashmod,
    Action.LABELMAP: _labelmap,
    Action.LABELDROP: _labeldrop,
    Action.LABELKEEP: _labelkeep,
    Action.LOWERCASE: _lowercase,
    Action.UPPERCASE: _uppercase,
}
"""Each changes the labels in place, and returns whether the target stays."""
