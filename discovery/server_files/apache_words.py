"""The lines of Apache httpd's configuration with what they include, define and repeat.

Conditions are decided as httpd decides them, at the line where they stand: <IfDefine> by Define, <IfModule> by
LoadModule, <IfVersion> for version 2.4, <IfFile> by the file system.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from discovery.server_files.blocks import text_lines, why_nothing_matches
from discovery.source import Skipped, SourceError

_MOST_DEPTH: Final = 64
_MOST_FILES: Final = 10_000
_MOST_LINES: Final = 2_000_000
_VARIABLE: Final = re.compile(r"\$\{([^}:]+)\}")
_ALWAYS_BUILT_IN: Final = frozenset(
    {
        "core.c",
        "http_core.c",
        "mod_so.c",
        "so_module",
        "core_module",
        "http_module",
        "mod_version.c",
        "version_module",
    }
)
_SSL_MODULE: Final = frozenset({"mod_ssl.c", "ssl_module"})
_VERSION: Final = (2, 4)
_CONDITIONS: Final = frozenset(
    {"ifdefine", "ifmodule", "ifversion", "iffile", "ifdirective", "ifsection"}
)
_MATTERS: Final = re.compile(
    r"(<VirtualHost|Listen|SSLEngine|SSLProtocol|SSLCertificateFile|Include(Optional)?|Use|Define|LoadModule)\b",
    re.IGNORECASE,
)
"""The beginning of a line that may decide whether there is a target."""


@dataclass(frozen=True, slots=True)
class Line:
    """One directive: its name in lower case (with ``<`` or ``</`` for sections), its arguments, and where it is."""

    name: str
    arguments: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class _Raw:
    """A line before variables are expanded."""

    text: str
    place: str


class Lines:
    """All directives of a file in httpd's order. ``root`` is ServerRoot; ``skipped`` grows while they are read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.root = path.parent
        self.skipped: list[Skipped] = []
        self._defined: dict[str, str] = {}
        self._modules: set[str] = set()
        self._macros: dict[str, tuple[list[str], list[_Raw]]] = {}
        self._files = 0
        self._lines = 0

    def __iter__(self) -> Iterator[Line]:
        yield from self._of(_raw_lines(self._path), 0)

    def _of(self, raw: list[_Raw], depth: int) -> Iterator[Line]:
        """The directives of a file, a section or a macro."""
        if depth > _MOST_DEPTH:
            raise SourceError(f"{raw[0].place if raw else self._path} is included too deeply.")
        at = 0
        while at < len(raw):
            self._lines += 1
            if self._lines > _MOST_LINES:
                raise SourceError(
                    f"{self._path} has more than {_MOST_LINES} lines with its includes."
                )
            line = self._parsed(raw[at])
            at += 1
            section = line.name.removeprefix("<")
            if line.name.startswith("<") and (section in _CONDITIONS or section == "macro"):
                end = _end_of(raw, at, section)
                if section == "macro":
                    self._macros[line.arguments[0].lower()] = (
                        list(line.arguments[1:]),
                        raw[at:end],
                    )
                elif self._holds(section, line, raw[at:end]):
                    yield from self._of(raw[at:end], depth + 1)
                at = end + 1
            else:
                yield from self._directive(line, depth)

    def _directive(self, line: Line, depth: int) -> Iterator[Line]:
        match line.name, line.arguments:
            case "serverroot", (text, *_):
                self.root = Path(text)
            case "define", (name, *value):
                self._defined[name] = value[0] if value else ""
            case "undefine", (name, *_):
                self._defined.pop(name, None)
            case "loadmodule", (name, file, *_):
                self._modules |= {name, f"{Path(file).stem}.c"}
            case "use", (name, *values):
                yield from self._used(name, values, line, depth)
            case "include" | "includeoptional", (pattern, *_):
                for included in self._included(pattern, line):
                    yield from self._of(_raw_lines(included), depth + 1)
            case _:
                yield line

    def _parsed(self, raw: _Raw) -> Line:
        words = words_of(_VARIABLE.sub(self._value, raw.text))
        name = words[0].lower().rstrip(">")
        if name.startswith("<") and words[-1].endswith(">"):
            words[-1] = words[-1][:-1]
        return Line(name, tuple(word for word in words[1:] if word), raw.place)

    def _value(self, found: re.Match[str]) -> str:
        """A variable that is not known stays as it is, as in httpd."""
        return self._defined.get(found[1], os.environ.get(found[1], found[0]))

    def _holds(self, section: str, line: Line, inner: Sequence[_Raw]) -> bool:
        text = " ".join(line.arguments)
        is_negated, text = text.startswith("!"), text.removeprefix("!")
        found = self._condition(section, text)
        if found is None:
            if any(_MATTERS.match(one.text) for one in inner):
                words = f"<{section} {text}> cannot be decided here: it is read as if it held"
                self.skipped.append(Skipped(place=line.place, problem=words))
            return True
        if found == is_negated and any(_MATTERS.match(one.text) for one in inner):
            self._note_left_out(section, text, line.place, is_negated=is_negated)
        return found != is_negated

    def _note_left_out(self, section: str, name: str, place: str, *, is_negated: bool) -> None:
        """Such a name may be defined on httpd's command line, and mod_ssl may be built in."""
        words = ""
        if is_negated:
            if section == "ifmodule" and not self._modules:
                words = f"<IfModule !{name}> is left out, because no LoadModule says which modules are loaded"
        elif section == "ifdefine":
            words = f"<IfDefine {name}> is left out, because no file defines {name}: add `Define {name}`"
        elif name in _SSL_MODULE:
            words = f"<IfModule {name}> is left out, because no LoadModule loads mod_ssl"
        if words:
            self.skipped.append(Skipped(place=place, problem=words))

    def _condition(self, section: str, text: str) -> bool | None:
        """Whether it holds; None if that is not known."""
        match section:
            case "ifdefine":
                return text in self._defined
            case "ifmodule":
                return text in self._modules | _ALWAYS_BUILT_IN or not self._modules
            case "ifversion":
                return _compared(text)
            case "iffile":
                return (self.root / text).exists()
            case _:
                return None

    def _used(self, name: str, values: list[str], line: Line, depth: int) -> Iterator[Line]:
        if name.lower() not in self._macros:
            self.skipped.append(
                Skipped(place=line.place, problem=f"the macro {name} is not defined")
            )
            return
        parameters, body = self._macros[name.lower()]
        # httpd replaces longer names first, so that $name is not taken for $n.
        pairs = sorted(zip(parameters, values, strict=False), key=lambda pair: -len(pair[0]))
        expanded = []
        for one in body:
            text = one.text
            for parameter, value in pairs:
                text = text.replace(parameter, value)
            expanded.append(_Raw(text, line.place))
        yield from self._of(expanded, depth + 1)

    def _included(self, pattern: str, line: Line) -> list[Path]:
        whole = str(self.root / pattern)
        found = sorted(map(Path, glob.glob(whole)))
        if not found and (reason := self._why_not_included(whole, line)):
            self.skipped.append(Skipped(place=line.place, problem=reason))
        files = [
            file
            for one in found
            for file in (sorted(one.rglob("*")) if one.is_dir() else [one])
            if file.is_file()
        ]
        self._files += len(files)
        if self._files > _MOST_FILES:
            raise SourceError(f"{self._path} includes more than {_MOST_FILES} files.")
        return files

    def _why_not_included(self, pattern: str, line: Line) -> str | None:
        """Why no file matches; None if httpd accepts that too. Raises SourceError if httpd would not start."""
        if unknown := _VARIABLE.search(pattern):
            return f"{line.name} {pattern} is not included, because the variable {unknown[1]} is not set in the files or in tlsprobe's environment"
        if reason := why_nothing_matches(pattern):
            return reason
        if line.name == "include":
            raise SourceError(f"{line.place}: {pattern} cannot be read: it does not exist.")
        return None


def words_of(line: str) -> list[str]:
    """The words of a line; quotes hold words with spaces, and a backslash escapes a quote within them."""
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        quote = line[at] if line[at] in "\"'" else ""
        word, at = _word(line, at + len(quote), quote)
        words.append(word)
    return words


def _word(line: str, at: int, quote: str) -> tuple[str, int]:
    word = ""
    while at < len(line):
        letter, following = line[at], line[at + 1 : at + 2]
        if quote and letter == "\\" and following in {quote, "\\"}:
            word, at = word + following, at + 2
        elif letter == quote or (not quote and letter.isspace()):
            return word, at + 1
        else:
            word, at = word + letter, at + 1
    return word, at


def _raw_lines(path: Path) -> list[_Raw]:
    """The lines without comments and empty ones; a backslash at the end of a line continues it."""
    found: list[_Raw] = []
    text, begun = "", 0
    for number, line in enumerate(text_lines(path), start=1):
        begun = begun or number
        if line.endswith("\\"):
            text += line[:-1]
            continue
        text += line
        if text.strip() and not text.lstrip().startswith("#"):
            found.append(_Raw(text.strip(), f"{path}, line {begun}"))
        text, begun = "", 0
    return found


def _end_of(raw: Sequence[_Raw], begin: int, section: str) -> int:
    """The index of the line that closes the section; raises SourceError if there is none."""
    depth = 1
    opening, closing = re.compile(rf"<{section}\b", re.IGNORECASE), f"</{section}"
    for at in range(begin, len(raw)):
        text = raw[at].text
        if opening.match(text):
            depth += 1
        elif text.lower().startswith(closing):
            depth -= 1
            if depth == 0:
                return at
    raise SourceError(f"{raw[begin - 1].place}: <{section}> is not closed.")


def _compared(text: str) -> bool | None:
    """``>= 2.4``: compared with 2.4; None if the release decides."""
    words = text.split()
    sign, number = ("=", words[0]) if len(words) == 1 else (words[0], words[-1])
    parts = number.split(".")
    if not all(part.isdigit() for part in parts):
        return None
    wanted = tuple(map(int, parts))
    if len(wanted) > len(_VERSION) and wanted[:2] == _VERSION and any(wanted[2:]):
        return None
    wanted = (*wanted, 0)[:2]
    results = {
        ">=": wanted <= _VERSION,
        ">": wanted < _VERSION,
        "<=": wanted >= _VERSION,
        "<": wanted > _VERSION,
        "=": wanted == _VERSION,
        "==": wanted == _VERSION,
    }
    return results.get(sign)
