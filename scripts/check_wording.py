"""Finds words that the project does not use, according to the list in ``wording.toml``.

    python -m scripts.check_wording [FILE ...]

Without files it reads every text file that git tracks. In documentation, templates and configuration it
reads everything except names in backticks and template expressions; in Python, comments and strings of more
than one word. Each hit is printed as ``file:line: 'found': write: ...``, and the exit code is then 1.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_LIST: Final = _HERE / "wording.toml"
_SUFFIXES: Final = frozenset({".md", ".py", ".yml", ".yaml", ".html", ".toml", ".sh", ".mako"})
_NAMES: Final = frozenset({"Makefile", "Dockerfile"})
_EXCEPT: Final = frozenset({"scripts/wording.toml", "tests/scripts/test_check_wording.py"})
_BREAK: Final = r"""[\s#"'>*]+"""
"""What may separate two words of a phrase: line ends, quotes of joined strings, comment signs."""

_CODE_IN_TEXT: Final = re.compile(r"`[^`\n]+`|\{\{[^{}\n]*\}\}")
"""Names in backticks, and expressions in templates such as ``{{ $labels.sink }}``."""
_STRING_TOKENS: Final = {
    kind for name in ("STRING", "FSTRING_MIDDLE") if (kind := getattr(tokenize, name, None))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A phrase to avoid, and what to write instead."""

    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    use: str

    def find(self, prose: str) -> Iterator[re.Match[str]]:
        """Its matches in ``prose``, except those inside a match of ``unless``."""
        allowed = [match.span() for match in self.unless.finditer(prose)] if self.unless else []
        for match in self.pattern.finditer(prose):
            if not any(start <= match.start() < end for start, end in allowed):
                yield match


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One occurrence of a phrase; ``line`` counts from 1."""

    path: str
    line: int
    found: str
    use: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: '{self.found}': write: {self.use}"


def read_phrases(path: Path = _LIST) -> tuple[Phrase, ...]:
    """The list in ``path``. Raises KeyError or re.error if an entry is invalid."""
    return tuple(
        Phrase(
            pattern=_compiled(row["pattern"]),
            unless=_compiled(row["unless"]) if "unless" in row else None,
            use=row["use"],
        )
        for row in tomllib.loads(path.read_text())["phrase"]
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern.replace(' ', _BREAK)})\b", re.IGNORECASE)


def hits(path: str, text: str, phrases: tuple[Phrase, ...]) -> list[Hit]:
    """The phrases in ``text``, by line; the suffix of ``path`` determines how it is read."""
    prose = _prose_of_python(text) if path.endswith(".py") else _without_names(text)
    if not _any_of(phrases).search(prose):
        return []
    found = [
        Hit(
            path=path,
            line=prose.count("\n", 0, match.start()) + 1,
            found=" ".join(match.group().split()),
            use=phrase.use,
        )
        for phrase in phrases
        for match in phrase.find(prose)
    ]
    return sorted(found, key=lambda hit: hit.line)


@cache
def _any_of(phrases: tuple[Phrase, ...]) -> re.Pattern[str]:
    """One expression for all phrases, which reads a text nine times as quickly as each in turn."""
    return re.compile("|".join(phrase.pattern.pattern for phrase in phrases), re.IGNORECASE)


def _without_names(text: str) -> str:
    return _CODE_IN_TEXT.sub(lambda match: " " * len(match.group()), text)


def _prose_of_python(source: str) -> str:
    """``source`` with everything blanked except comments and strings of several words."""
    lines = [" " * len(line) for line in source.splitlines()]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_prose = token.type in _STRING_TOKENS and re.search(r"\s", token.string)
        if token.type != tokenize.COMMENT and not is_prose:
            continue
        (line, column), pieces = token.start, token.string.splitlines()
        for offset, piece in enumerate(pieces):
            start = column if offset == 0 else 0
            blank = lines[line - 1 + offset]
            lines[line - 1 + offset] = blank[:start] + piece + blank[start + len(piece) :]
    return _without_names("\n".join(lines))


def _tracked() -> Iterator[str]:
    listed = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        path = Path(name)
        if name not in _EXCEPT and (path.suffix in _SUFFIXES or path.name in _NAMES):
            yield name


def main(arguments: Sequence[str]) -> int:
    """Print the hits in the given files, or in all that git tracks; returns 1 if there are any, else 0."""
    phrases = read_phrases()
    found = [
        hit
        for path in arguments or _tracked()
        for hit in hits(path, Path(path).read_text(), phrases)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
