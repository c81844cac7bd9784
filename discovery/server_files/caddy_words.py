"""The structure of a Caddyfile: blocks of lines, with imports, snippets and environment variables resolved."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from discovery.server_files.blocks import text_lines, why_nothing_matches
from discovery.source import Skipped, SourceError

_VARIABLE: Final = re.compile(r"\{\$([^}:]+)(?::([^}]*))?\}")
_ARGUMENT: Final = re.compile(r"\{args(?:\.(\d+)|\[(\d+)\])\}")
_HEREDOC: Final = re.compile(r"<<([A-Za-z0-9_-]+)\n(.*?)\n[ \t]*\1(?=\s|$)", re.DOTALL)
_MOST_TOKENS: Final = 1_000_000
_MOST_IMPORTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Token:
    """A word; ``is_first`` on its line, ``is_literal`` if it was quoted."""

    text: str
    file: Path
    line: int
    is_first: bool
    is_literal: bool = False

    def is_mark(self, mark: str) -> bool:
        """Whether it is this brace or word, and not a quoted one."""
        return self.text == mark and not self.is_literal

    @property
    def place(self) -> str:
        """Its file and line."""
        return f"{self.file}, line {self.line}"


@dataclass(slots=True)
class Node:
    """A line with the lines in its braces."""

    words: list[str]
    place: str
    file: Path
    children: list[Node] = field(default_factory=list)

    def named(self, name: str) -> Iterator[Node]:
        """The lines in its braces whose first word is ``name``."""
        return (one for one in self.children if one.words[:1] == [name])


def blocks_of(path: Path) -> tuple[list[Node], list[Skipped]]:
    """The top-level blocks: global options have no words, sites have their addresses; and what is skipped.

    Raises:
        SourceError: if braces or quotes do not match, or an imported file does not exist.
    """
    return _Parser(path).blocks()


class _Parser:
    """Splices imports into the tokens while it reads them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tokens = _tokens(path)
        self._at = 0
        self._imports = 0
        self._snippets: dict[str, list[Token]] = {}
        self._skipped: list[Skipped] = []

    def blocks(self) -> tuple[list[Node], list[Skipped]]:
        found: list[Node] = []
        while (token := self._peek()) is not None:
            if token.is_first and token.is_mark("import"):
                self._splice()
                continue
            if token.is_mark("}"):
                raise SourceError(f"{token.place}: a closing brace has no opening brace.")
            node, has_brace = self._addresses(token)
            name = node.words[0] if node.words else ""
            if has_brace and name.startswith("(") and name.endswith(")"):
                self._snippets[name[1:-1]] = self._raw_body(token)
                continue
            node.children = self._lines(token, ends_with_brace=has_brace)
            if not name.startswith("&("):
                found.append(node)
        return found, self._skipped

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _addresses(self, first: Token) -> tuple[Node, bool]:
        """The addresses before a block, and whether its brace was read; after a comma they continue on the next line."""
        node = Node([], first.place, first.file)
        goes_on = True
        while (token := self._peek()) is not None:
            if token.is_mark("{"):
                self._at += 1
                return node, True
            if token.is_first and not goes_on:
                return node, False
            self._at += 1
            goes_on = token.text.endswith(",")
            node.words += [one for one in token.text.split(",") if one]
        return node, False

    def _raw_body(self, opening: Token) -> list[Token]:
        """The tokens up to the closing brace, unread."""
        begin, depth = self._at, 1
        while (token := self._peek()) is not None:
            self._at += 1
            depth += token.is_mark("{") - token.is_mark("}")
            if depth == 0:
                return self._tokens[begin : self._at - 1]
        raise SourceError(f"{opening.place}: an opening brace has no closing brace.")

    def _lines(self, opening: Token, *, ends_with_brace: bool) -> list[Node]:
        found: list[Node] = []
        while (token := self._peek()) is not None:
            if token.is_mark("}"):
                if not ends_with_brace:
                    raise SourceError(f"{token.place}: a closing brace has no opening brace.")
                self._at += 1
                return found
            if token.is_first and token.is_mark("import"):
                self._splice()
            else:
                found.append(self._line(token))
        if ends_with_brace:
            raise SourceError(f"{opening.place}: an opening brace has no closing brace.")
        return found

    def _line(self, first: Token) -> Node:
        node = Node([first.text], first.place, first.file)
        self._at += 1
        while (token := self._peek()) is not None and not token.is_first and not token.is_mark("}"):
            self._at += 1
            if token.is_mark("{"):
                node.children = self._lines(token, ends_with_brace=True)
                return node
            node.words.append(token.text)
        return node

    def _splice(self) -> None:
        """Replace an ``import`` line by the tokens of the snippet or the files that it names."""
        begin = self._at
        self._at += 1
        while (token := self._peek()) is not None and not token.is_first and not token.is_mark("}"):
            self._at += 1
        words = [one.text for one in self._tokens[begin + 1 : self._at]]
        imported = self._imported(words, self._tokens[begin])
        self._imports += 1
        if len(self._tokens) + len(imported) > _MOST_TOKENS or self._imports > _MOST_IMPORTS:
            raise SourceError(
                f"{self._path} has too many imports, or files that import themselves."
            )
        self._tokens[begin : self._at] = imported
        self._at = begin

    def _imported(self, words: Sequence[str], at: Token) -> list[Token]:
        pattern, arguments = (words[0] if words else ""), words[1:]
        if pattern in self._snippets:
            tokens = self._snippets[pattern]
        else:
            whole = str(at.file.parent / pattern)
            paths = sorted(glob.glob(whole))
            reason = None if paths else why_nothing_matches(whole)
            if not paths and not glob.has_magic(pattern):
                reason = f"import {pattern}: no such file or snippet"
            if unset := _VARIABLE.search(pattern):
                reason = f"import {pattern}: the variable {unset[1]} is not set in tlsprobe's environment"
            if reason is not None:
                self._skipped.append(Skipped(place=at.place, problem=reason))
            tokens = [one for path in paths if Path(path).is_file() for one in _tokens(Path(path))]
        return [replace(one, text=_with_arguments(one.text, arguments)) for one in tokens]


def _with_arguments(text: str, arguments: Sequence[str]) -> str:
    def value(found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        return arguments[number] if number < len(arguments) else found[0]

    return _ARGUMENT.sub(value, text)


def _tokens(path: Path) -> list[Token]:
    text = _VARIABLE.sub(_value, "\n".join(text_lines(path)))
    return list(_Lexer(text, path))


def _value(found: re.Match[str]) -> str:
    """A variable that is not set here, without a default, stays as it is."""
    return os.environ.get(found[1], found[0] if found[2] is None else found[2])


class _Lexer:
    """Splits text into words as Caddy's lexer does."""

    def __init__(self, text: str, path: Path) -> None:
        self._text = text
        self._path = path
        self._at = 0
        self._line = 1
        self._is_first = True

    def __iter__(self) -> Iterator[Token]:
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter == "\n":
                self._line, self._is_first = self._line + 1, True
                self._at += 1
            elif letter == "\\" and self._text[self._at + 1 : self._at + 2] == "\n":
                self._line += 1
                self._at += 2
            elif letter.isspace():
                self._at += 1
            elif letter == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                token = Token("", self._path, self._line, self._is_first)
                self._is_first = False
                text, is_literal = self._word()
                yield replace(token, text=text, is_literal=is_literal)

    def _word(self) -> tuple[str, bool]:
        letter = self._text[self._at]
        heredoc = _HEREDOC.match(self._text, self._at)
        if heredoc is not None:
            self._take(heredoc.end())
            return heredoc[2], True
        if letter in '"`':
            expression = r'"((?:\\.|[^"\\])*)"' if letter == '"' else r"`([^`]*)`"
            found = re.compile(expression, re.DOTALL).match(self._text, self._at)
            if found is None:
                raise SourceError(
                    f"{self._path}, line {self._line}: a quote ({letter}) is not closed."
                )
            self._take(found.end())
            return (found[1].replace('\\"', '"') if letter == '"' else found[1]), True
        begin = self._at
        while self._at < len(self._text) and not self._text[self._at].isspace():
            self._at += 1
        return self._text[begin : self._at], False

    def _take(self, end: int) -> None:
        self._line += self._text.count("\n", self._at, end)
        self._at = end
