"""Targets from a CSV file with a header (RFC 4180): the column ``target``, and optional ones.

``server_name`` and ``protocol`` are the same as in the other formats; every other column is a label. An empty
field means that the value is not set; a server name of ``-`` sends none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from discovery.targets import TargetError, parse_target
from model.target import Target

_LABEL_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_NAME: Final = "-"


@dataclass(frozen=True, slots=True)
class RowError(Exception):
    """One invalid line: its number, what is wrong, and how to fix it."""

    line: int
    problem: str
    fix: str


def targets_of_csv(text: str, source: str, most: int) -> tuple[Target, ...]:
    """The targets, one for each key; labels of later rows override those of earlier ones.

    Raises:
        RowError: for the first invalid line.
    """
    reader = csv.DictReader(text.splitlines(), strict=True, restkey="")
    found: dict[str, Target] = {}
    try:
        _check_header(reader.fieldnames or ())
        for row in reader:
            target = _target(row, source, reader.line_num)
            if len(found) >= most and target.key not in found:
                fix = "raise max_targets under discovery (type: file), or split the file"
                raise RowError(reader.line_num, f"holds more than {most} targets", fix)
            known = found.get(target.key)
            found[target.key] = target if known is None else _joined(known, target)
    except csv.Error as error:
        raise RowError(
            reader.line_num, f"is not valid CSV: {error}", "correct that line"
        ) from error
    return tuple(found.values())


def _check_header(names: object) -> None:
    columns = list(names) if isinstance(names, list) else []
    if "target" not in columns:
        raise RowError(1, "has no column 'target'", "add it to the first line")
    for name in columns:
        if not _LABEL_NAME.fullmatch(name) or columns.count(name) > 1:
            fix = "use letters, digits and _, and each name once"
            raise RowError(1, f"{name!r} is not a valid column name", fix)


def _target(row: Mapping[str, str | None], source: str, line: int) -> Target:
    if "" in row:
        raise RowError(
            line, "has more fields than the first line", "quote fields that contain commas"
        )
    fields = {name: (text or "").strip() for name, text in row.items()}
    named = fields.pop("server_name", "")
    protocol = fields.pop("protocol", "")
    try:
        return parse_target(
            fields.pop("target"),
            **({"server_name": "" if named == _NO_NAME else named} if named else {}),
            **({"protocol": protocol} if protocol else {}),
            labels={name: text for name, text in fields.items() if text},
            source=source,
        )
    except TargetError as error:
        raise RowError(line, error.problem, error.fix) from error


def _joined(known: Target, later: Target) -> Target:
    return Target(
        host=later.host,
        port=later.port,
        server_name=later.server_name,
        protocol=later.protocol,
        labels={**known.labels, **later.labels},
        source=later.source,
    )
