"""Observations from their JSON's text, of which equal parts are decoded once and are one object.

Most of what endpoints say, others say too: versions, suites, features, issuers. So the text is cut into what
stands before and behind the certificates, that into its sections, chains into certificates, and these where
what differs ends; a part whose text is known is not decoded again. Cuts are looked for where ``to_json`` makes
them, without reading what is between. That is safe because each part must be a JSON value of its own: values
with the same commas between them make up one text only. Where one is not, the whole is read the plain way.
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
"""In bytes: of a few hundred configurations, or as many leaves as ever."""

_OF_A_CHARACTER: Final = 16
"""Bytes of objects at most: lists of texts of two characters, ``"ab",``, take 12 for each."""

Part = TypeVar("Part")


class KnownParts:
    """What was decoded not long ago, by its text: of twice ``room`` bytes at most."""

    def __init__(self, room: int = _ROOM) -> None:
        self._recent = SizeBoundedCache(room)

    def observation(self, text: str) -> Observation:
        """As ``from_json`` of what the text says.

        Raises:
            ValueError: for what is no JSON, or has no known meaning.
            AttributeError, IndexError, KeyError, TypeError: for JSON of another form.
        """
        try:
            visit, facts = self._by_parts(text)
            return observation_of(json.loads(visit + "}"), facts)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return from_json(json.loads(text))

    def facts(self, text: str) -> dict[str, Any]:
        """As ``facts_of`` what the text says, which is not looked at but for them.

        Raises:
            AttributeError, IndexError, KeyError, TypeError, ValueError: as ``observation`` does.
        """
        try:
            return self._by_parts(text)[1]
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return facts_of(from_json(json.loads(text)))

    def _by_parts(self, text: str) -> tuple[str, dict[str, Any]]:
        """The text before the facts, and these."""
        visit, before, certificates, behind = _cut(_opened(text), _CUTS)
        return visit, {
            **self._known("before", before, self._before),
            "certificates": self._deployments(certificates),
            **self._known("behind", behind, self._behind),
        }

    def _before(self, text: str) -> dict[str, Any]:
        return self._sections(text, _BEFORE)

    def _behind(self, text: str) -> dict[str, Any]:
        return self._sections(text, _BEHIND)

    def _sections(self, text: str, sections: Sequence[Section[Any]]) -> dict[str, Any]:
        """The facts of sections, of which the first one's mark has been cut off.

        Of a section that came later than the text there is no mark.
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
            key_type=KeyType(json.loads(key_type)),
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
        """What ``decode`` makes of ``text``, which is the same each time for one ``kind``."""
        return self._recent.of((kind, text), decode, text, most_bytes=_OF_A_CHARACTER * len(text))


def _of_text(decode: Callable[[Any], Part]) -> Callable[[str], Part]:
    return lambda text: decode(json.loads(text))


_KEY_TYPE: Final = '"key_type":'
_SERVED_FOR: Final = '"served_for":'
_SHA256: Final = '"sha256":'
_SIGNATURE_ALGORITHM: Final = '"signature_algorithm":'


def _object(first_key: str, rest: str) -> Any:
    """The JSON object of which ``first_key`` has been cut off."""
    return json.loads(f"{{{first_key}{rest}")


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
    """What is behind ``first_key`` in the objects of an array, which all begin with it. Raises ValueError."""
    if array == "[]":
        return []
    if not (array.startswith("[{" + first_key) and array.endswith("}]")):
        raise ValueError(f"no array of objects that begin with {first_key}")
    return array[2 + len(first_key) : -2].split("},{" + first_key)
