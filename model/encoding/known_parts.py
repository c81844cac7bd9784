"""Decodes Observations from JSON text; equal parts are decoded once and share one object.

Most endpoints have versions, suites, features and issuers in common. So the text is split into the parts
before and after the certificates, these parts into sections, and chains into certificates, each of which is
split again after its individual fields; a part with known text is not decoded again. The split points are the
places where ``to_json`` writes section names; the text between them is not read. This is safe because each
part must be a complete JSON value: only one text consists of the same values with the same commas between
them. If a part is not a complete value, the whole text is decoded in the ordinary way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from model.caching.size_bounded_cache import SizeBoundedCache
from model.certificates.certificate import Certificate, KeyType, ServedChain
from model.encoding.certificate_json import certificate_of, kind_from_json, service_from_json
from model.encoding.observation_json import facts_of, from_json, observation_of
from model.observation import Observation
from model.sections import SECTIONS, Section

_ROOM: Final = 16 * 2**20
"""In bytes: room for a few hundred configurations, and for about as many leaves."""

_OF_A_CHARACTER: Final = 16
"""Bytes of objects at most, per character: lists of two-character texts, ``"ab",``, take 12."""

Part = TypeVar("Part")


class KnownParts:
    """Recently decoded values by their text, in at most twice ``room`` bytes."""

    def __init__(self, room: int = _ROOM) -> None:
        self._recent = SizeBoundedCache(room)

    def observation(self, text: str) -> Observation:
        """The same Observation as ``from_json`` of the decoded text.

        Raises:
            ValueError: if the text is not JSON, or has an unknown value.
            AttributeError, IndexError, KeyError, TypeError: if the JSON has another structure.
        """
        try:
            visit, facts = self._by_parts(text)
            return observation_of(json.loads(visit + "}"), facts)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return from_json(json.loads(text))

    def facts(self, text: str) -> dict[str, Any]:
        """The same as ``facts_of`` of the Observation; the rest of the text is not decoded.

        Raises:
            AttributeError, IndexError, KeyError, TypeError, ValueError: as in ``observation``.
        """
        try:
            return self._by_parts(text)[1]
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return facts_of(from_json(json.loads(text)))

    def _by_parts(self, text: str) -> tuple[str, dict[str, Any]]:
        """The text before the facts, and the facts."""
        visit, before, certificates, behind = _cut(_opened(text), _CUTS)
        return visit, {
            **self._known("before", before, self._before),
            "certificates": self._known("certificates", certificates, self._deployments),
            **self._known("behind", behind, self._behind),
        }

    def _before(self, text: str) -> dict[str, Any]:
        return self._sections(text, _BEFORE)

    def _behind(self, text: str) -> dict[str, Any]:
        return self._sections(text, _BEHIND)

    def _sections(self, text: str, sections: Sequence[Section[Any]]) -> dict[str, Any]:
        """The facts of ``sections``; the name of the first one has been cut off.

        The text has no name for a section that was introduced later.
        """
        first, *others = sections
        there = [first, *(one for one in others if one.is_required or _mark(one) in text)]
        parts = _cut(text, [_mark(section) for section in there[1:]])
        return {section.name: section.kind.nothing() for section in sections} | {
            section.name: self._known(section.name, part, _of_text(section.kind.from_json))
            for section, part in zip(there, parts, strict=True)
        }

    def _deployments(self, text: str) -> tuple[ServedChain, ...]:
        return tuple(map(self._deployment, _objects(text, _KEY_TYPE)))

    def _deployment(self, text: str) -> ServedChain:
        key_type, chain, service = _cut(text, (',"chain":', "," + _SERVED_FOR))
        return ServedChain(
            key_type=self._known("key_type", key_type, _key_type),
            chain=tuple(
                self._known("certificate", one, self._certificate)
                for one in _objects(chain, _SHA256)
            ),
            **self._known("service", service, _service),
        )

    def _certificate(self, text: str) -> Certificate:
        subject, kind = _cut(text, ("," + _SIGNATURE_ALGORITHM,))
        return certificate_of(_object(_SHA256, subject + "}"), self._known("kind", kind, _kind))

    def _known(self, kind: str, text: str, decode: Callable[[str], Part]) -> Part:
        """The result of ``decode(text)``, which is deterministic for one ``kind``."""
        return self._recent.of((kind, text), decode, text, most_bytes=_OF_A_CHARACTER * len(text))


def _of_text(decode: Callable[[Any], Part]) -> Callable[[str], Part]:
    return lambda text: decode(json.loads(text))


_KEY_TYPE: Final = '"key_type":'
_SERVED_FOR: Final = '"served_for":'
_SHA256: Final = '"sha256":'
_SIGNATURE_ALGORITHM: Final = '"signature_algorithm":'


def _object(first_key: str, rest: str) -> Any:
    """The JSON object whose ``first_key`` was cut off."""
    return json.loads(f"{{{first_key}{rest}")


def _key_type(text: str) -> KeyType:
    return KeyType(json.loads(text))


def _service(text: str) -> dict[str, Any]:
    return service_from_json(_object(_SERVED_FOR, text + "}"))


def _kind(text: str) -> dict[str, Any]:
    return kind_from_json(_object(_SIGNATURE_ALGORITHM, text + "}"))


_CERTIFICATES: Final = [section.name for section in SECTIONS].index("certificates")
_BEFORE: Final = SECTIONS[:_CERTIFICATES]
_BEHIND: Final = SECTIONS[_CERTIFICATES + 1 :]


def _mark(section: Section[Any]) -> str:
    return f',"{section.name}":'


_CUTS: Final = tuple(map(_mark, (_BEFORE[0], SECTIONS[_CERTIFICATES], _BEHIND[0])))


def _opened(text: str) -> str:
    """The text of an object without its closing brace. Raises ValueError."""
    if not text.endswith("}"):
        raise ValueError("the text is not a JSON object")
    return text[:-1]


def _cut(text: str, marks: Sequence[str]) -> list[str]:
    """The text before, between and after ``marks``, without the marks. Raises ValueError."""
    parts, start = [], 0
    for mark in marks:
        end = text.index(mark, start)
        parts.append(text[start:end])
        start = end + len(mark)
    parts.append(text[start:])
    return parts


def _objects(array: str, first_key: str) -> list[str]:
    """The text after ``first_key`` in each object of an array; all begin with that key. Raises ValueError."""
    if array == "[]":
        return []
    if not (array.startswith("[{" + first_key) and array.endswith("}]")):
        raise ValueError(f"the text is not an array of objects that begin with {first_key}")
    return array[2 + len(first_key) : -2].split("},{" + first_key)
