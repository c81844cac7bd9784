"""Rows of CSV (RFC 4180) in which no cell is a formula.

Spreadsheets compute cells that begin with ``=``, ``+``, ``-``, ``@``, a tab or a return, or with the full-width forms of
these. Such a cell therefore begins with an apostrophe, as OWASP's page on CSV injection advises.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Final

from model.safe_output.one_line import clean

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_text(rows: Iterable[Iterable[str]]) -> str:
    """``rows`` with every cell quoted and lines ended by CR LF."""
    page = StringIO()
    writer = csv.writer(page, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([cell(text) for text in row] for row in rows)
    return page.getvalue()


def cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet computes."""
    shown = clean(text)
    return f"'{shown}" if shown.lstrip(" ").startswith(_FORMULA_STARTS) else shown
