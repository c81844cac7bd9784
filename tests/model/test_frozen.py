"""``@frozen`` means what ``@dataclass(frozen=True, slots=True, kw_only=True)`` means."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping
from copy import copy, deepcopy
from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.frozen import frozen

Value = TypeVar("Value")


@frozen
class Ours:
    first: int
    second: str = "usual"
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    source: str = field(default="", compare=False)
    secret: bytes | None = field(default=None, repr=False)

    def both(self) -> str:
        return f"{self.first} {self.second}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    first: int
    second: str = "usual"
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    source: str = field(default="", compare=False)
    secret: bytes | None = field(default=None, repr=False)


@frozen
class Empty:
    pass


@frozen
class AlsoEmpty:
    pass


@frozen
class Longer(Ours):
    third: int = 3


@frozen
class Box(Generic[Value]):
    content: Value


@frozen
class Quiet:
    password: str

    def __repr__(self) -> str:
        return "Quiet"


GIVEN = st.fixed_dictionaries(
    {"first": st.integers(0, 2)},
    optional={
        "second": st.sampled_from(["usual", "other"]),
        "labels": st.dictionaries(st.sampled_from("ab"), st.sampled_from("cd")),
        "source": st.sampled_from(["", "file"]),
        "secret": st.sampled_from([None, b"s"]),
    },
)


@given(GIVEN, GIVEN)
def test_values_are_equal_and_hashed_as_those_of_a_dataclass(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    is_equal = Theirs(**one) == Theirs(**other)
    assert (Ours(**one) == Ours(**other)) is is_equal
    assert (Ours(**one) != Ours(**other)) is not is_equal
    if is_equal:
        assert hash(Ours(**one)) == hash(Ours(**other))


@given(GIVEN)
def test_values_are_written_copied_and_pickled_as_those_of_a_dataclass(one: dict[str, Any]) -> None:
    value = Ours(**one)
    assert repr(value) == repr(Theirs(**one)).replace("Theirs", "Ours")
    restored = pickle.loads(pickle.dumps(value))  # noqa: S301 (bytes that this test wrote)
    for same in (copy(value), deepcopy(value), restored):
        assert same == value
        assert same.source == value.source


def test_a_value_has_its_fields_and_no_others() -> None:
    value = Ours(first=1)
    assert (value.first, value.second, value.labels, value.secret) == (1, "usual", {}, None)
    assert value.labels is not Ours(first=1).labels
    assert value.both() == "1 usual"
    assert is_dataclass(value)
    assert [one.name for one in fields(value)] == [one.name for one in fields(Theirs)]
    assert not hasattr(value, "__dict__")
    assert replace(value, second="other") == Ours(first=1, second="other")


@pytest.mark.parametrize("name", ["first", "unknown"])
def test_a_value_cannot_be_changed(name: str) -> None:
    value = Ours(first=1)
    with pytest.raises(FrozenInstanceError, match=f"Ours.{name} cannot be changed"):
        setattr(value, name, 2)
    with pytest.raises(FrozenInstanceError, match=f"Ours.{name} cannot be deleted"):
        delattr(value, name)
    assert value == Ours(first=1)


@pytest.mark.parametrize("arguments", [{}, {"first": 1, "fourth": 4}])
def test_wrong_fields_are_refused_with_the_words_of_a_dataclass(arguments: dict[str, int]) -> None:
    make: Any = Ours
    like: Any = Theirs
    with pytest.raises(TypeError) as refused:
        like(**arguments)
    with pytest.raises(TypeError) as caught:
        make(**arguments)
    assert str(caught.value) == str(refused.value).replace("Theirs", "Ours")
    with pytest.raises(TypeError, match="positional"):
        make(1)


def test_values_of_two_classes_are_never_equal() -> None:
    pairs: list[tuple[object, object]] = [
        (Empty(), AlsoEmpty()),
        (Longer(first=1), Ours(first=1)),
        (Ours(first=1), 1),
    ]
    assert all(one != other for one, other in pairs)
    assert Empty() == Empty()
    assert {Empty(), Empty(), AlsoEmpty()} == {AlsoEmpty(), Empty()}


def test_a_class_inherits_fields_and_may_be_generic() -> None:
    assert repr(Longer(first=1)).startswith("Longer(first=1, second='usual'")
    assert Longer(first=1) == Longer(first=1, third=3)
    assert Box[int](content=1) == Box(content=1)


def test_a_method_of_the_class_stays() -> None:
    assert repr(Quiet(password="p")) == "Quiet"
    assert Quiet(password="p") == Quiet(password="p")


def test_a_visit_imports_few_immutable_classes_that_dataclass_compiles() -> None:
    program = (
        "import dataclasses, sys\n"
        "import probe.visit.engine, service.scan.scanner\n"
        "found = {one for module in tuple(sys.modules.values()) for one in vars(module).values()\n"
        "         if isinstance(one, type) and dataclasses.is_dataclass(one)}\n"
        "print(sum(one.__dataclass_params__.frozen for one in found), len(found))\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    compiled, found = map(int, printed.split())
    assert found > 100
    assert compiled <= 10
