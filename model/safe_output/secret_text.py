"""Keeps secrets out of everything that people and programs read: logs, messages, metrics, pages and names.

``masked_urls`` is for every text that may quote a URL: it masks user info, query, fragment and obvious
credentials. A ``SecretMask`` also knows the secrets of the configuration and masks them everywhere, in the
encodings that programs commonly use: it is the second line of defence.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit

HIDDEN: Final = "***"

SHORTEST_KNOWN: Final = 4
"""Characters: a shorter secret would match inside unrelated words."""

_BEFORE_AUTHORITY: Final = "://"
_OF_A_URL: Final = re.compile(r'[^\s"<>\\]*')
_PLAIN_AUTHORITY: Final = re.compile(r"(?:\[[0-9A-Fa-f:.%]*\]|[^:@\[\]]*)(?::[0-9]{0,5})?")
_END_OF_AUTHORITY: Final = re.compile(r"[/?#]")
_BEHIND_THE_PATH: Final = re.compile(r"([?#])(?=.)", re.DOTALL)
_CLOSING: Final = "'`).,;:]}"
_CREDENTIAL: Final = re.compile(
    r"(?i)\b((?:bearer|basic)\s{1,4}|(?:ssl)?(?:password|passwd|token|secret|api_?key)=)[^\s&,;'\"]+"
)


def masked_url(url: str) -> str:
    """``url`` without user info, query and fragment; a malformed URL loses everything up to its last ``@``."""
    if _BEFORE_AUTHORITY in url:
        return masked_urls(url)
    _, at, rest = url.rpartition("@")
    return HIDDEN + at + rest if at else masked_urls(url)


def masked_urls(text: str) -> str:
    """``text`` with all URLs masked, and values such as ``password=...`` and ``Bearer ...``.

    The cost depends only on the length of ``text``.
    """
    pieces, start = [], 0
    while (found := text.find(_BEFORE_AUTHORITY, start)) >= 0:
        begin = found + len(_BEFORE_AUTHORITY)
        end = _end_of_url(text, begin)
        pieces += [text[start:begin], _masked_after_scheme(text[begin:end])]
        start = end
    pieces.append(text[start:])
    return _CREDENTIAL.sub(rf"\1{HIDDEN}", "".join(pieces))


def _end_of_url(text: str, begin: int) -> int:
    found = _OF_A_URL.match(text, begin)
    end = begin if found is None else found.end()
    while end > begin and text[end - 1] in _CLOSING:
        end -= 1
    return end


def _masked_after_scheme(rest: str) -> str:
    end = _END_OF_AUTHORITY.search(rest)
    authority = rest if end is None else rest[: end.start()]
    at = authority.rfind("@")
    if at < 0 and not _PLAIN_AUTHORITY.fullmatch(authority):
        at = rest.rfind("@")  # the password itself contains one of "/?#"
    shown = HIDDEN + rest[at:] if at >= 0 else rest
    behind = _BEHIND_THE_PATH.search(shown)
    return shown if behind is None else shown[: behind.end()] + HIDDEN


def secrets_in_url(url: str, *, with_path: bool = False) -> Iterator[str]:
    """The secret parts of ``url``: user info, query values, fragment.

    ``with_path`` adds secrets in the path of a receiver's URL, as in chat webhooks.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    info = parts.netloc.rpartition("@")[0]
    user, _, password = info.partition(":")
    yield from (
        secrets_of_login(unquote(user), unquote(password)) if password else filter(None, [info])
    )
    for pair in parts.query.split("&"):
        yield unquote_plus(pair.partition("=")[2] or pair)
    yield unquote(parts.fragment)
    if with_path:
        pieces = (parts.path.strip("/"), *parts.path.split("/"))
        yield from (piece for piece in pieces if len(piece) >= _LONG_PIECE)


_LONG_PIECE: Final = 16
"""Characters from which a path segment, or a part of one, may be a secret: API names are shorter."""


def secrets_of_login(user: str, password: str) -> Iterator[str]:
    """A password, and its encodings together with ``user`` in HTTP (RFC 7617) and SMTP (RFC 4616)."""
    yield password
    for together in (f"{user}:{password}", f"\0{user}\0{password}"):
        yield b64encode(together.encode()).decode("ascii")


class SecretMask:
    """Masks URLs and all secrets added to it; secrets can be added at any time."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these secrets too; earlier ones stay masked, because they may still appear in texts."""
        added = {form for one in secrets if len(one) >= SHORTEST_KNOWN for form in _forms(one)}
        if added <= self._forms:
            return
        self._forms |= added
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def masked(self, text: str) -> str:
        """``text`` with all secrets masked."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        return masked_urls(text)


def _forms(secret: str) -> set[str]:
    """The encodings of ``secret``: in a URL, in JSON, in Python, in HTML, in base64."""
    encodable = secret.encode("utf-8", "surrogateescape")
    return {
        secret,
        quote(encodable, safe=""),
        quote(encodable),
        quote_plus(encodable),
        secret.replace("/", "\\/"),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        b64encode(encodable).decode("ascii"),
    }
