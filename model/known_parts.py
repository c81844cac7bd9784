"""Observations from their JSON's text, of which equal parts are decoded once and are one object.

Most of what endpoints say, others say too: versions, suites, features, issuers. So the text is cut into
its sections, chains into certificates, and these where what differs ends; a part whose text is known
is not decoded again. Cuts are looked for where ``to_json`` makes them, without reading what is between.
That is safe because each part must be a JSON value of its own: values with the same commas between them
make up one text only. Where one is not, the whole is read the plain way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from model.certificate import Certificate, Deployment, KeyType
from model.certificate_json import certificate_of, kind_from_json, service_from_json
from model.observation import Observation
from model.observation_json import SECTIONS, from_json, observation_of
from model.recent import Recent

_ROOM: Final = 2**20
"""In characters of text: of a few hundred configurations, or as many leaves as ever."""

Part = TypeVar("Part")


class KnownParts:
    """What was decoded not long ago, by its text: of twice ``room`` characters at most."""

    def __init__(self, room: int = _ROOM) -> None:
        self._recent = Recent(room)

    def observation(self, text: str) -> Observation:
        """As ``from_json`` of what the text says.

        Raises:
            ValueError: for what is no JSON, or has no known meaning.
            AttributeError, IndexError, KeyError, TypeError: for JSON of another form.
        """
        try:
            return self._by_parts(text)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return from_json(json.loads(text))

    def _by_parts(self, text: str) -> Observation:
        visit, *parts = _cut(_opened(text), _SECTION_MARKS)
        fields = json.loads(visit + "}")
        facts = {
            name: self._deployments(part)
            if name == "certificates"
            else self._known(name, part, decode)
            for (name, decode), part in zip(_SECTIONS, parts, strict=True)
        }
        return observation_of(fields, facts)

    def _deployments(self, text: str) -> tuple[Deployment, ...]:
        return tuple(map(self._deployment, _objects(text, '"key_type":')))

    def _deployment(self, text: str) -> Deployment:
        key_type, chain, service = _cut(text, (',"chain":', ',"served_for":'))
        return Deployment(
            key_type=self._known("key_type", key_type + "}", _key_type),
            chain=tuple(
                self._known("certificate", one, self._certificate)
                for one in _objects(chain, '"sha256":')
            ),
            **self._known("service", '{"served_for":' + service, _service),
        )

    def _certificate(self, text: str) -> Certificate:
        subject, kind = _cut(text, (',"signature_algorithm":',))
        return certificate_of(
            json.loads(subject + "}"),
            self._known("kind", '{"signature_algorithm":' + kind, _kind),
        )

    def _known(self, kind: str, text: str, decode: Callable[[str], Part]) -> Part:
        """What ``decode`` makes of ``text``, which is the same each time for one ``kind``."""
        return self._recent.of((kind, text), len(text), decode, text)


def _of_text(decode: Callable[[Any], Part]) -> Callable[[str], Part]:
    return lambda text: decode(json.loads(text))


def _key_type(text: str) -> KeyType:
    return KeyType(json.loads(text)["key_type"])


_service: Final = _of_text(service_from_json)
_kind: Final = _of_text(kind_from_json)
_SECTIONS: Final = tuple((section.name, _of_text(section.decode)) for section in SECTIONS)
_SECTION_MARKS: Final = tuple(f',"{section.name}":' for section in SECTIONS)


def _opened(text: str) -> str:
    """The text of an object without its end. Raises ValueError."""
    if not text.endswith("}"):
        raise ValueError("no JSON object")
    return text[:-1]


def _cut(text: str, marks: Sequence[str]) -> list[str]:
    """What stands before, between and after ``marks``, which are not part of it. Raises ValueError."""
    parts, start = [], 0
    for mark in marks:
        end = text.index(mark, start)
        parts.append(text[start:end])
        start = end + len(mark)
    parts.append(text[start:])
    return parts


def _objects(array: str, first_key: str) -> list[str]:
    """The objects of an array, each of which begins with ``first_key``. Raises ValueError."""
    if array == "[]":
        return []
    if not (array.startswith("[{" + first_key) and array.endswith("}]")):
        raise ValueError(f"no array of objects that begin with {first_key}")
    cut = array[2 + len(first_key) : -2].split("},{" + first_key)
    return [f"{{{first_key}{one}}}" for one in cut]
