"""Resolves written policies to Policies that can judge: merges extensions and binds rules.

A policy inherits the rules of all policies that it extends, in order, and overrides single fields of them; a
field that it does not mention is inherited. Each field remembers where it was written, so that an error names
its line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from model.encoding.earlier_names import RULE_SETTINGS, RULES, renamed
from model.frozen import frozen
from policy.catalogue import RULES_BY_NAME, rule_of
from policy.files.contradictions import contradiction
from policy.files.document import PolicyBody, RuleSettings
from policy.files.errors import FileLocation, PolicyError, first_problem
from policy.files.named_policies import WITHOUT_SUITES
from policy.policy import EndpointSelector, Policy, PolicyRule
from policy.policy_json import rule_to_json
from policy.rule import AnyRule
from policy.rules.endpoint.reach import REACHED
from policy.values import nearest

_SETTINGS: Final = frozenset(RuleSettings.model_fields)


@frozen
class Written:
    """One policy as written at ``place``."""

    name: str
    body: PolicyBody
    place: FileLocation


@frozen
class _Draft:
    """A rule while policies are merged: each field with the place where it was written.

    ``source`` says in words where the rule comes from. ``changed_by`` is the last policy that changed its
    parameters without naming a source of its own.
    """

    fields: Mapping[str, Any]
    places: Mapping[str, FileLocation]
    place: FileLocation
    source: str
    changed_by: str | None = None


_Drafts: TypeAlias = dict[str, _Draft]


@frozen
class Library:
    """All policies that can be extended, by name."""

    written: Mapping[str, Written]
    _drafts: dict[str, _Drafts] = field(default_factory=dict)

    def resolve(self, name: str) -> Policy:
        """The resolved policy of that name.

        Raises:
            PolicyError: for an invalid policy; the message has the place.
        """
        one = self.written[name]
        drafts = self._merged(name, ())
        drafts.setdefault(
            REACHED.name, _Draft(fields={}, places={}, place=one.place, source=_own(one))
        )
        rules = tuple(_bound(rule_name, draft) for rule_name, draft in drafts.items())
        if not any(rule.rule is not REACHED for rule in rules):
            raise PolicyError(
                f"{one.place}: the policy {name!r} has no rules: extend a profile, or add `rules`"
            )
        found = contradiction(rules)
        if found is not None:
            which, why = found
            raise PolicyError(f"{drafts[which].place}: the rules contradict each other: {why}")
        body = one.body
        return Policy(
            name=name,
            title=body.title or name,
            description=body.description,
            choice=EndpointSelector(labels=body.for_.labels, protocols=body.for_.protocols),
            rules=rules,
            digest=_digest(name, body, rules),
            extends=body.extends,
            endpoints=body.endpoints,
        )

    def _merged(self, name: str, below: tuple[str, ...]) -> _Drafts:
        if name in self._drafts:
            return dict(self._drafts[name])
        one = self.written[name]
        drafts: _Drafts = {}
        for index, parent in enumerate(one.body.extends):
            place = one.place.at("extends", index)
            if parent in (*below, name):
                ring = " -> ".join((*below, name, parent))
                raise PolicyError(
                    f"{place}: policies extend each other in a cycle ({ring}): remove one of these `extends`"
                )
            if parent not in self.written:
                raise PolicyError(
                    f"{place}: unknown policy or profile {parent!r}: "
                    f"{nearest_profile(parent, self.written)}"
                )
            drafts |= self._merged(parent, (*below, name))
        for key, written in one.body.rules.items():
            _merge(drafts, key, written, one)
        self._drafts[name] = drafts
        return dict(drafts)


def nearest_profile(name: str, known: Iterable[str]) -> str:
    """How to fix a name that is not in ``known``."""
    if name in WITHOUT_SUITES:
        return "AWS has this policy, but tlsprobe has no list of its cipher suites"
    close = nearest(name, known)
    return f"did you mean {close}?" if close else "see `tlsprobe policy list`"


def _merge(drafts: _Drafts, key: str, written: object, one: Written) -> None:
    place = one.place.at("rules", key)
    if key in RULES:
        raise PolicyError(f"{place}: {renamed(key, RULES[key])}")
    rule_name = _name_of(key)
    before = drafts.get(rule_name)
    if written is False:
        if before is None and rule_name != REACHED.name:
            raise PolicyError(f"{place}: {rule_name!r} is already off: remove this line")
        drafts.pop(rule_name, None)
        return
    fields = {} if written is None or written is True else written
    if not isinstance(fields, dict):
        raise PolicyError(
            f"{place}: {rule_name} must be a mapping of its parameters, or off: see "
            f"`tlsprobe policy explain {rule_name}`"
        )
    inherited = before.fields if before is not None else {}
    places = before.places if before is not None else {}
    changes = bool(fields.keys() - _SETTINGS)
    has_source = "source" in fields or "section" in fields
    if before is None or has_source:
        source, changed_by = _source(fields, one), None
    else:
        source = before.source
        changed_by = one.name if changes else before.changed_by
    drafts[rule_name] = _Draft(
        fields={**inherited, **fields},
        places={**places, **{name: place.at(name) for name in fields}},
        place=place,
        source=source,
        changed_by=changed_by,
    )


def _name_of(key: str) -> str:
    """The name under which a rule written as ``key`` is reported; an identifier stands for its rule."""
    rule = rule_of(key)
    return key if rule is None else rule.name


def _own(one: Written) -> str:
    return one.body.source or f"the policy {one.name}"


def _source(fields: Mapping[str, Any], one: Written) -> str:
    named = str(fields["source"]) if "source" in fields else _own(one)
    section = fields.get("section")
    return f"{named}, {section}" if section else named


def _bound(rule_name: str, draft: _Draft) -> PolicyRule:
    rule = _rule_of(rule_name, draft)
    own = {name: value for name, value in draft.fields.items() if name in _SETTINGS}
    given = {name: value for name, value in draft.fields.items() if name not in _SETTINGS}
    known = [*rule.parameters.model_fields, *sorted(_SETTINGS)]
    for name in given.keys() - rule.parameters.model_fields.keys():
        place = draft.places[name]
        if RULE_SETTINGS.get(name) in known:
            raise PolicyError(f"{place}: {renamed(name, RULE_SETTINGS[name])}")
        close = nearest(name, known)
        fix = f"did you mean {close}?" if close else f"it has {', '.join(known)}"
        raise PolicyError(f"{place}: {rule.name} has no parameter {name!r}: {fix}")
    try:
        settings = RuleSettings.model_validate(own)
        parameters = rule.parameters.model_validate(given)
    except ValidationError as error:
        raise PolicyError(_told(rule_name, draft, error)) from error
    source = draft.source
    if draft.changed_by is not None:
        source = f"{source}, as changed by the policy {draft.changed_by}"
    if settings.uncertain is not None:
        source = f"{source} (uncertain: {settings.uncertain})"
    return PolicyRule(
        name=rule_name,
        rule=rule,
        parameters=parameters,
        severity=settings.severity or rule.severity,
        requirement=settings.requirement or rule.requirement,
        violation=settings.violation,
        source=source,
        uncertain=settings.uncertain,
        judge=rule.bind(parameters),
    )


def _rule_of(rule_name: str, draft: _Draft) -> AnyRule:
    wanted = draft.fields.get("use", rule_name)
    rule = rule_of(str(wanted))
    if rule is not None:
        return rule
    place = draft.places.get("use", draft.place)
    if wanted in RULES:
        raise PolicyError(f"{place}: {renamed(str(wanted), RULES[str(wanted)])}")
    close = nearest(str(wanted), RULES_BY_NAME)
    fix = f"did you mean {close}?" if close else "see `tlsprobe policy list`"
    own = "" if "use" in draft.fields else " (or name the rule in `use`)"
    raise PolicyError(f"{place}: unknown rule {wanted!r}: {fix}{own}")


def _told(rule_name: str, draft: _Draft, error: ValidationError) -> str:
    path, words = first_problem(error)
    first = str(path[0]) if path else ""
    place = draft.places[first].at(*path[1:]) if first in draft.places else draft.place
    return f"{place}: {'.'.join(map(str, (rule_name, *path)))} {words}"


def _digest(name: str, body: PolicyBody, rules: tuple[PolicyRule, ...]) -> str:
    said = {
        "name": name,
        "for": body.for_.model_dump(mode="json"),
        "rules": [rule_to_json(one) for one in rules],
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
