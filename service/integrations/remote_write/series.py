"""Parses lines of a page in the text format into series and values.

The pages come from tlsprobe and from the client library: one sample per line, no timestamps, quoted labels.
Pages are stored compressed, because the page of a large inventory is fifty megabytes of text.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

_LABEL: Final = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"')
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPED: Final = {"n": "\n"}
_AS_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE: Final = 1 << 18


def samples_of(compressed: bytes) -> Iterator[tuple[str, str]]:
    """Each sample of a gzip page, as the texts of its series and of its value."""
    for line in _lines(compressed):
        if line and not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            yield series, value


def labels_of(series: str, common: Mapping[str, str]) -> list[tuple[str, str]]:
    """The labels of the series, including its name, and the common labels; sorted, as receivers require.

    The series' own labels take precedence. A label with an empty value means the same as no label, and is left out.
    """
    name, _, rest = series.partition("{")
    labels = {**common, "__name__": name}
    for label, value in _LABEL.findall(rest):
        labels[label] = _ESCAPE.sub(_unescaped, value) if "\\" in value else value
    return sorted((label, value) for label, value in labels.items() if value)


def _unescaped(escape: re.Match[str]) -> str:
    return _ESCAPED.get(escape[1], escape[1])


def _lines(compressed: bytes) -> Iterator[str]:
    """The page's lines; the last line of a page that is still being written may be incomplete."""
    decompressor = zlib.decompressobj(_AS_GZIP)
    rest, kept = compressed, b""
    while rest:
        piece = kept + decompressor.decompress(rest, _PIECE)
        rest = decompressor.unconsumed_tail
        *lines, kept = piece.split(b"\n")
        for line in lines:
            yield line.decode()
    *lines, kept = (kept + decompressor.flush()).split(b"\n")
    for line in (*lines, kept):
        yield line.decode()
