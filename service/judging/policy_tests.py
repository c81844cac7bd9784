"""Tests of policies: facts that a scan wrote, and the findings that each policy must have.

A test file names policy files or profiles, and lists tests. Each test has a file of ``scan --json`` lines, and
exactly the findings that each policy must have for its endpoints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from model.encoding.observation_json import from_json
from model.findings.finding import Outcome
from model.frozen import frozen
from model.observation import Observation
from policy import PolicyError, PolicySet, assess, read_policies
from policy.files.errors import FileLocation, first_problem
from policy.files.yaml_file import read_yaml_mapping


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expected(_Section):
    """The rules that must fail, and those that must be unknown, by name or identifier."""

    fail: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


class PolicyTest(_Section):
    """One test. ``labels`` replace the endpoint's own labels; ``at`` is the time of the judgement."""

    name: str
    observation: Path
    labels: dict[str, str] | None = None
    at: AwareDatetime | None = None
    expect: Annotated[dict[str, Expected], Field(min_length=1)]


class PolicyTests(_Section):
    """A test file. Paths in it are relative to its folder."""

    policies: tuple[str, ...] = Field(min_length=1)
    tests: tuple[PolicyTest, ...] = Field(min_length=1)


@frozen
class TestResult:
    """Whether a test passed; ``faults`` are sentences that describe the differences."""

    __test__ = False

    name: str
    faults: tuple[str, ...]


def run_tests(path: Path) -> Iterator[TestResult]:
    """Run every test of the file, in order.

    Raises:
        PolicyError: if the file, a policy or an observation cannot be read.
    """
    tests = _read(path)
    for test in tests.tests:
        at = test.at or datetime.now(UTC)
        book = read_policies([_from(path, name) for name in tests.policies], at)
        faults = [
            fault
            for observation in _observations(path.parent / test.observation, test.labels)
            for fault in _faults(test, book, observation, at)
        ]
        yield TestResult(name=test.name, faults=tuple(faults))


def _from(path: Path, name: str) -> str:
    file = path.parent / name
    return str(file) if file.is_file() else name


def _read(path: Path) -> PolicyTests:
    file = read_yaml_mapping(path)
    try:
        return PolicyTests.model_validate(file.values)
    except ValidationError as error:
        keys, words = first_problem(error)
        place = FileLocation(path=path, file=file, keys=keys)
        raise PolicyError(f"{place}: {'.'.join(map(str, keys)) or 'the file'} {words}") from error


def _observations(path: Path, labels: Mapping[str, str] | None) -> Iterator[Observation]:
    """The Observations of a file of ``scan --json`` lines."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise PolicyError(
            f"{path}: cannot be read ({error.strerror}): use a file that exists"
        ) from error
    except UnicodeDecodeError as error:
        raise PolicyError(
            f"{path}: is not a text file: create it with `tlsprobe scan --json`"
        ) from error
    for number, line in enumerate(lines, 1):
        try:
            observation = from_json(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise PolicyError(
                f"{path}, line {number}: is not a scan result: create it with `tlsprobe scan --json`"
            ) from error
        if labels is not None:
            endpoint = observation.endpoint
            target = replace(endpoint.target, labels=labels)
            observation = replace(observation, endpoint=replace(endpoint, target=target))
        yield observation


def _faults(
    test: PolicyTest, book: PolicySet, observation: Observation, at: datetime
) -> Iterator[str]:
    assessment = assess(observation, book.policies, at)
    key = observation.endpoint.key
    for policy, expected in test.expect.items():
        if policy not in assessment.policies:
            yield f"{key}: the policy {policy} does not match it"
            continue
        for outcome, wanted in ((Outcome.FAIL, expected.fail), (Outcome.UNKNOWN, expected.unknown)):
            found = {
                result.rule: result
                for result in assessment.results
                if result.policy == policy and result.outcome is outcome
            }
            ids = {result.rule_id for result in found.values()}
            for rule, result in sorted(found.items()):
                if wanted.isdisjoint((rule, result.rule_id)):
                    text = f"{result.rule_label} is {outcome.value}: {result.violation}"
                    yield f"{key}: {policy}: {text}"
            for rule in sorted(wanted - found.keys() - ids):
                yield f"{key}: {policy}: {rule} is not {outcome.value}"
