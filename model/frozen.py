"""``@frozen``: an immutable class of fields that are given by keyword, with slots.

It means what ``@dataclass(frozen=True, slots=True, kw_only=True)`` means, and is a dataclass for ``fields`` and ``replace``.
But ``dataclass`` compiles six methods for each class, which takes most of the time that such a class needs at import, and
one scan imports 160 of these classes. Here only ``__init__`` is compiled; the classes share the other methods.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, Final, TypeVar, dataclass_transform

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(cls: type[Class]) -> type[Class]:
    """The class ``cls`` with its annotations as fields; a method that ``cls`` defines itself stays."""
    own_methods = vars(cls).keys()
    made = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
    _complete(made, own_methods)
    return made


def _complete(made: Any, own_methods: Collection[str]) -> None:
    """Give the class the methods that ``dataclass`` has not compiled."""
    declared = fields(made)
    # The class is among the values, because attrgetter needs a name and returns a tuple only of several.
    made._compared = attrgetter("__class__", *(one.name for one in declared if one.compare))
    made._hashed = attrgetter("__class__", *(one.name for one in declared if _is_hashed(one)))
    made.__init__ = _initializer(made, declared)
    for name, method in _SHARED.items():
        if name not in own_methods:
            setattr(made, name, method)


def _is_hashed(one: Field[Any]) -> bool:
    return one.compare if one.hash is None else one.hash


def _initializer(cls: Any, declared: Sequence[Field[Any]]) -> Callable[..., None]:
    """``__init__(self, *, FIELD, FIELD=DEFAULT, ...)``: it stores each field through its slot.

    Only the slots can change an instance, because ``__setattr__`` refuses.
    """
    parameters, body, names = [], [], dict[str, Any](MISSING=MISSING)
    for one in declared:
        name, value = one.name, one.name
        names[f"set_{name}"] = getattr(cls, name).__set__
        if one.default is not MISSING:
            names[f"default_{name}"] = one.default
            parameters.append(f"{name}=default_{name}")
        elif one.default_factory is not MISSING:
            names[f"new_{name}"] = one.default_factory
            parameters.append(f"{name}=MISSING")
            value = f"new_{name}() if {name} is MISSING else {name}"
        else:
            parameters.append(name)
        body.append(f"    set_{name}(self, {value})\n")
    star = "*, " if parameters else ""
    source = f"def __init__(self, {star}{', '.join(parameters)}):\n{''.join(body) or '    pass'}"
    exec(source, names)  # noqa: S102 (it consists of the names of fields, which Python took as identifiers)
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _equals(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self._compared(self) == self._compared(other)


def _hash(self: Any) -> int:
    return hash(self._hashed(self))


def _repr(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_assignment(self: Any, name: str, value: object) -> None:
    del value
    raise FrozenInstanceError(f"{type(self).__qualname__}.{name} cannot be changed")


def _refuse_deletion(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"{type(self).__qualname__}.{name} cannot be deleted")


def _state(self: Any) -> list[object]:
    """What ``pickle`` and ``copy`` take."""
    return [getattr(self, one.name) for one in fields(self)]


def _restore(self: Any, state: Sequence[object]) -> None:
    for one, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


_SHARED: Final = {
    "__eq__": _equals,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse_assignment,
    "__delattr__": _refuse_deletion,
    "__getstate__": _state,
    "__setstate__": _restore,
}
