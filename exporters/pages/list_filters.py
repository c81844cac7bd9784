"""The filters of a list, as its URL has them: what the filters of all lists share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from typing import ClassVar, Self

from exporters.pages.links import LONGEST_SEARCH, page_link
from model.encoding.earlier_names import renamed
from model.frozen import frozen


@frozen
class ListFilter:
    """Each field is a filter, and a parameter of the URL; an empty text filters nothing.

    ``path`` is the list's page. ``choices`` has the values of the filters that are not free text,
    ``earlier`` those that were renamed, with the new name. ``order`` is the field that
    orders or groups the list; it leaves out nothing.
    """

    path: ClassVar[str]
    choices: ClassVar[Mapping[str, Collection[str]]]
    earlier: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    order: ClassVar[str | None] = None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of all filters."""
        return tuple(one.name for one in fields(cls))

    @classmethod
    def of(cls, given: Callable[[str], str | None]) -> Self:
        """The filters with the values that ``given`` returns by name.

        Raises:
            ValueError: if one is too long, or not one of the choices; the sentence says what to change.
        """
        values = {name: text for name in cls.names() if (text := given(name))}
        for name, text in values.items():
            allowed = cls.choices.get(name)
            if allowed is None and len(text) > LONGEST_SEARCH:
                raise ValueError(f"{name} must be at most {LONGEST_SEARCH} characters: shorten it")
            if text in cls.earlier.get(name, ()):
                raise ValueError(renamed(f"{name}={text}", f"{name}={cls.earlier[name][text]}"))
            if allowed is not None and text not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {text[:20]!r}")
        return cls(**values)

    def link(self, path: str = "", **changes: str) -> str:
        """The URL of the list with some filters changed; ``page`` may be one of them. ``path`` is that of another form."""
        page = {"page": changes.pop("page")} if "page" in changes else {}
        wanted = replace(self, **changes)
        given = {
            one.name: text
            for one in fields(self)
            if (text := getattr(wanted, one.name)) != one.default
        }
        return page_link(path or self.path, **given, **page)

    @property
    def is_filtering(self) -> bool:
        """Whether it may leave out lines of the list."""
        return any(
            getattr(self, one.name) != one.default for one in fields(self) if one.name != self.order
        )
