"""Converts frozen dataclasses to JSON and back, by the types of their fields: bytes are hexadecimal.

For values that cannot be derived from bytes again, such as an OpenSSL handshake. A new field in the dataclass
is a new field in the file.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

EARLIER_NAMES: Final = {"afterword": "post_handshake", "obstacle": "kind"}
"""Field names in files of earlier versions, with their current names."""

Value = TypeVar("Value")


def to_plain(value: object) -> Any:
    """The JSON form of numbers, text, bytes, enumerations, tuples and dataclasses."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple | list | set | frozenset):
        return [to_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
    return value


def from_plain(kind: type[Value], plain: object) -> Value:
    """The dataclass value of that JSON form, with current field names or those of earlier versions.

    Raises:
        ValueError: if the form does not match.
    """
    if not isinstance(plain, dict):
        raise ValueError(f"{kind.__name__} is not an object")
    hints = get_type_hints(kind)
    named = {_name_now(name, plain, hints): item for name, item in plain.items()}
    unknown = named.keys() - hints.keys()
    if unknown:
        raise ValueError(f"{kind.__name__} has no field {min(unknown)}")
    try:
        return kind(**{name: _typed(hints[name], item) for name, item in named.items()})
    except TypeError as error:
        raise ValueError(f"{kind.__name__} lacks a field: {error}") from error


def _name_now(name: str, plain: dict[str, object], hints: dict[str, object]) -> str:
    now = EARLIER_NAMES.get(name)
    return now if now in hints and now not in plain else name


def _typed(hint: Any, plain: Any) -> Any:
    arguments, origin = get_args(hint), get_origin(hint)
    if origin in {Union, UnionType}:
        (some,) = (one for one in arguments if one is not NoneType)
        return None if plain is None else _typed(some, plain)
    if origin in {tuple, frozenset}:
        return origin(_typed(arguments[0], item) for item in _list(plain))
    if is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, plain)
    return _single(hint, plain)


def _single(hint: type[Any], plain: Any) -> Any:
    if issubclass(hint, Enum):
        return hint(plain)
    if hint is bytes and isinstance(plain, str):
        return bytes.fromhex(plain)
    if hint is float and isinstance(plain, int):
        return float(plain)
    if not isinstance(plain, hint):
        raise ValueError(f"{plain!r} is not a valid {hint.__name__}")
    return plain


def _list(plain: Any) -> list[Any]:
    if not isinstance(plain, list):
        raise ValueError(f"{plain!r} is not a list")
    return plain
