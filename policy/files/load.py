"""Reads policy files, which may extend one another and the built-in profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from model.application_protocol import SSH
from model.claims import CLAIMS_POLICY
from model.encoding.earlier_names import RULES, renamed
from model.findings.finding import Waiver
from model.frozen import frozen
from model.target import Target
from policy.claims.rules import CLAIM_RULES
from policy.files.contradictions import conflict
from policy.files.document import ChoiceBody, Document, PolicyBody, WaiverBody
from policy.files.errors import FileLocation, PolicyError, first_problem, unknown_key
from policy.files.profiles import profiles
from policy.files.resolve import Library, Written, nearest_profile
from policy.files.yaml_file import ConfigError, KeyPath, YamlFile, read_yaml_mapping
from policy.policy import Policy
from policy.values import nearest

_FILE_SUFFIXES: Final = (".yml", ".yaml", ".json")
_RESERVED: Final = f"{CLAIMS_POLICY!r} is the name under which what configurations declare is reported: use another name"
_LONGEST_WAIVER: Final = timedelta(days=2 * 366)
_SECTIONS: Final[Mapping[tuple[str, int], type[BaseModel]]] = {
    ("policies", 3): PolicyBody,
    ("policies", 4): ChoiceBody,
    ("waivers", 3): WaiverBody,
}
"""The keys at a depth of a section of the file; Document has all others."""


@frozen
class PolicySet:
    """The contents of policy files. ``remarks`` are warnings, which are not errors.

    ``places`` has the file and line of each policy that comes from a file, by policy name; ``waiver_places``
    has those of the waivers.
    """

    policies: tuple[Policy, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    remarks: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    waiver_places: Mapping[str, str] = field(default_factory=dict)

    def without_endpoints(self, targets: Sequence[Target]) -> tuple[str, ...]:
        """A sentence for each policy that applies to none of ``targets``."""
        return tuple(
            f"{self.place_of(policy)}the policy {policy.name} applies to no endpoint: check its `for`"
            for policy in self.policies
            if not any(policy.applies_to(target) for target in targets)
        )

    def advice_about_rules(self, target: Target) -> str:
        """What to do if policies select ``target``, but have no rule for its protocol; empty if none selects it."""
        if not any(policy.choice.has(target) for policy in self.policies):
            return ""
        if target.protocol == SSH:
            subject, usual = "SSH", "mozilla-openssh"
        else:
            subject, usual = "TLS", "mozilla-intermediate"
        return (
            f"none of their rules is about {subject}: use a profile that has some, such as {usual}"
        )

    def place_of(self, policy: Policy) -> str:
        """``FILE, line N: ``, to begin a sentence; empty for a profile."""
        place = self.places.get(policy.name)
        return "" if place is None else f"{place}: "

    def about_waiver(self, waiver: Waiver, sentence: str) -> str:
        """``FILE, line N: the waiver 'NAME'`` and the ``sentence``; without a place if it is in no file."""
        place = self.waiver_places.get(waiver.name)
        return f"{'' if place is None else f'{place}: '}the waiver {waiver.name!r} {sentence}"


def load_policies(paths: Sequence[Path], at: datetime) -> PolicySet:
    """The contents of the files at the aware time ``at``, which decides what has expired.

    Raises:
        PolicyError: for the first error, with file, line and how to fix it.
    """
    files = [(path, _read(path)) for path in paths]
    documents = [(path, file, _document(path, file)) for path, file in files]
    written: dict[str, Written] = dict(profiles())
    names: list[str] = []
    for path, file, document in documents:
        for name, body in document.policies.items():
            place = FileLocation(path=path, file=file, keys=("policies", name))
            if name == CLAIMS_POLICY:
                raise PolicyError(f"{place}: {_RESERVED}")
            if name in written:
                raise PolicyError(f"{place}: {_taken(name, written[name], names)}")
            written[name] = Written(name=name, body=body, place=place)
            names.append(name)
    library = Library(written=written)
    policies = tuple(library.resolve(name) for name in names)
    waivers, remarks = _waivers(documents, policies, at)
    at_odds = (
        f"{written[other.name].place}: {why}"
        for one, other in combinations(policies, 2)
        if (why := conflict(one, other)) is not None
    )
    return PolicySet(
        policies=policies,
        waivers=waivers,
        remarks=(*at_odds, *remarks),
        places={name: str(written[name].place) for name in names},
        waiver_places={
            name: str(FileLocation(path=path, file=file, keys=("waivers", name)))
            for path, file, document in documents
            for name in document.waivers
        },
    )


def profile(name: str) -> Policy:
    """The profile of that name, as a policy for every endpoint.

    Raises:
        PolicyError: if there is none; the message names the nearest one.
    """
    if name not in profiles():
        raise PolicyError(f"unknown profile {name!r}: {nearest_profile(name, profiles())}")
    return Library(written=profiles()).resolve(name)


def read_policies(names: Sequence[str], at: datetime) -> PolicySet:
    """The policies that ``names`` stand for at an aware time: profiles by name, policy files by path.

    Raises:
        PolicyError: for an invalid file, or a name that is neither a profile nor a file.
    """
    paths = [Path(name) for name in names if _is_file(name)]
    found = load_policies(paths, at)
    by_name = tuple(profile(name) for name in names if not _is_file(name))
    return replace(found, policies=(*found.policies, *by_name))


def _is_file(name: str) -> bool:
    return name.endswith(_FILE_SUFFIXES) or "/" in name or Path(name).is_file()


def _read(path: Path) -> YamlFile:
    try:
        return read_yaml_mapping(path)
    except ConfigError as error:
        raise PolicyError(str(error)) from error


def _taken(name: str, other: Written, names: list[str]) -> str:
    whose = "another policy" if name in names else "a profile that comes with tlsprobe"
    return f"{name!r} is already the name of {whose} ({other.place}): use another name"


def _document(path: Path, file: YamlFile) -> Document:
    try:
        return Document.model_validate(file.values)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        keys = _in_file(problem["loc"])
        place = FileLocation(path=path, file=file, keys=keys)
        if problem["type"] == "extra_forbidden":
            raise PolicyError(f"{place}: {_unknown_key(keys)}") from error
        where, words = first_problem(error)
        raise PolicyError(f"{place}: {'.'.join(map(str, _in_file(where)))} {words}") from error


def _in_file(keys: KeyPath) -> KeyPath:
    """pydantic marks an invalid key of a mapping with ``[key]``."""
    return tuple(key for key in keys if key != "[key]")


def _unknown_key(keys: KeyPath) -> str:
    return unknown_key(str(keys[-1]), _SECTIONS.get((str(keys[0]), len(keys)), Document))


def _waivers(
    documents: Sequence[tuple[Path, YamlFile, Document]],
    policies: Sequence[Policy],
    at: datetime,
) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    waivers: dict[str, Waiver] = {}
    remarks: list[str] = []
    for path, file, document in documents:
        for name, body in document.waivers.items():
            place = FileLocation(path=path, file=file, keys=("waivers", name))
            if name in waivers:
                raise PolicyError(f"{place}: the waiver name {name!r} is already used: rename one")
            waiver = body.waiver(name)
            fault = waiver_fault(waiver, policies, at)
            if fault is not None:
                field, sentence = fault
                raise PolicyError(f"{place.at(field)}: {sentence}")
            if waiver.expires_at <= at:
                remarks.append(
                    f"{place.at('expires')}: the waiver {name!r} expired on {body.expires}, so its "
                    "findings are open again: renew it or remove it"
                )
            waivers[name] = waiver
    return tuple(waivers.values()), tuple(remarks)


def waiver_fault(
    waiver: Waiver, policies: Sequence[Policy], at: datetime
) -> tuple[str, str] | None:
    """The invalid field of a waiver, and a sentence about it; None if the waiver is valid.

    An expired waiver is valid here. ``at`` is used to check that a waiver does not last too long. With the policy
    ``claims`` any rule is valid: which names claims have is known to their sources only.
    """
    names = [*(policy.name for policy in policies), CLAIMS_POLICY]
    if waiver.policy is not None and waiver.policy not in names:
        close = nearest(waiver.policy, names)
        fix = f"did you mean {close}?" if close else f"the policies are {', '.join(names)}"
        return "policy", f"unknown policy {waiver.policy!r}: {fix}"
    if waiver.policy != CLAIMS_POLICY and (fault := _rule_fault(waiver, policies)) is not None:
        return "rule", fault
    if waiver.expires_at - at > _LONGEST_WAIVER:
        return "expires", (
            "a waiver must expire within two years: use an earlier date and renew it later"
        )
    return None


def _rule_fault(waiver: Waiver, policies: Sequence[Policy]) -> str | None:
    """A sentence about a rule that no policy has under this name; None if one has it."""
    used = [
        rule for policy in policies if waiver.policy in (None, policy.name) for rule in policy.rules
    ]
    rules = {rule.name for rule in used} | {rule.rule.identifier for rule in used}
    if waiver.policy is None:
        rules |= {rule.identifier for rule in CLAIM_RULES}
    if waiver.rule in RULES:
        return renamed(waiver.rule, RULES[waiver.rule])
    if waiver.rule not in rules:
        close = nearest(waiver.rule, sorted(rules))
        fix = (
            f"did you mean {close}?"
            if close
            else f"no active policy has it; for a claim add `policy: {CLAIMS_POLICY}`"
        )
        return f"unknown rule {waiver.rule!r}: {fix}"
    return None
