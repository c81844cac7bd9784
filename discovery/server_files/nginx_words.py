"""The directives of nginx' configuration with what they include, each with its file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import crossplane

from discovery.server_files.blocks import why_nothing_matches
from discovery.source import Skipped, SourceError

Directive: TypeAlias = Mapping[str, Any]

_MOST_DEPTH: Final = 64


class Directives:
    """The directives of one file, in nginx' order; ``skipped`` grows while they are read."""

    def __init__(self, path: Path) -> None:
        """Read the file and all that it includes; raises SourceError."""
        try:
            read = crossplane.parse(str(path), check_ctx=False, check_args=False)
        except (RecursionError, IndexError) as error:
            raise SourceError(f"{path} is not a valid configuration of nginx.") from error
        if read["status"] != "ok":
            first = read["errors"][0]
            line = f", line {first['line']}" if first.get("line") else ""
            raise SourceError(f"{first['file']}{line}: {first['error']}.")
        self._path = path
        self._files = read["config"]
        self.skipped: list[Skipped] = []

    def __iter__(self) -> Iterator[Directive]:
        main = self._files[0]
        return self._of(main["parsed"], main["file"], 0)

    def _of(self, directives: Sequence[Directive], file: str, depth: int) -> Iterator[Directive]:
        if depth > _MOST_DEPTH:
            raise SourceError(f"{file} is included too deeply.")
        for one in directives:
            if "includes" in one:
                if not one["includes"]:
                    self._note_unread(one, file)
                for number in one["includes"]:
                    included = self._files[number]
                    yield from self._of(included["parsed"], included["file"], depth + 1)
            elif "block" in one:
                yield {**one, "file": file, "block": list(self._of(one["block"], file, depth + 1))}
            else:
                yield {**one, "file": file}

    def _note_unread(self, include: Directive, file: str) -> None:
        if reason := why_nothing_matches(str(self._path.parent / include["args"][0])):
            place = f"{file}, line {include['line']}"
            self.skipped.append(Skipped(place=place, problem=reason))
