"""Targets from a CSV file with a header (RFC 4180): the column ``target``, and optional ones.

``server_name`` and ``protocol`` are the same as in the other formats; every other column is a label. An empty
field means that the value is not set; a server name of ``-`` sends none.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from discovery.source import NamedMailDomain, Skipped, SourceReading
from discovery.targets import MAIL_DOMAIN, TargetError, parse_mail_domain, parse_target
from model.target import Target
from model.target_labels import label_problems

_NO_NAME: Final = "-"
_OWN_COLUMNS: Final = ("target", "server_name", "protocol")

Row: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class RowError(Exception):
    """One invalid line: its number, what is wrong, and how to fix it.

    ``address`` is the text of a target that cannot be parsed; else it is empty.
    """

    line: int
    problem: str
    fix: str
    address: str = ""


def read_csv(text: str, path: Path, most: int) -> SourceReading:
    """The targets, one for each key; labels of later rows override those of earlier ones. An invalid row is skipped.

    Raises:
        RowError: if the file is not CSV with such a header, or has more than ``most`` rows.
    """
    reader = csv.DictReader(text.splitlines(), strict=True, restkey="")
    found: dict[str, Target] = {}
    domains: dict[str, NamedMailDomain] = {}
    skipped: list[Skipped] = []
    try:
        _check_header(reader.fieldnames or ())
        for row in reader:
            place = f"{path}, line {reader.line_num}"
            try:
                one = _mail_domain(row, place, reader.line_num) or _target(
                    row, f"file:{path}", reader.line_num
                )
            except RowError as error:
                skipped.append(_skipped(error, path, row))
            else:
                _add(one, found, domains)
                problems = label_problems(one.labels)
                skipped += [Skipped(place=place, problem=problem) for problem in problems]
            if max(len(found) + len(domains), len(skipped)) > most:
                fix = "list it under discovery (type: file) with a larger discovery[].max_targets, or split it"
                raise RowError(reader.line_num, f"holds more than {most} targets", fix)
    except csv.Error as error:
        raise RowError(
            reader.line_num, f"is not valid CSV: {error}", "correct that line"
        ) from error
    return SourceReading(
        targets=tuple(found.values()),
        skipped=tuple(skipped),
        mail_domains=tuple(domains.values()),
    )


def _add(
    one: Target | NamedMailDomain, found: dict[str, Target], domains: dict[str, NamedMailDomain]
) -> None:
    """Add a row's target or domain, with the labels of the earlier rows for it."""
    if isinstance(one, NamedMailDomain):
        before = domains.get(one.domain)
        labels = {**(before.labels if before else {}), **one.labels}
        domains[one.domain] = replace(one, labels=labels)
        return
    known = found.get(one.key)
    found[one.key] = replace(one, labels={**(known.labels if known else {}), **one.labels})


def _skipped(error: RowError, path: Path, row: Row) -> Skipped:
    own = {"", *_OWN_COLUMNS}
    return Skipped(
        place=f"{path}, line {error.line}",
        problem=f"{error.problem}: {error.fix}",
        address=error.address,
        labels={name: text for name, text in row.items() if name not in own and text},
    )


def _check_header(names: object) -> None:
    columns = list(names) if isinstance(names, list) else []
    if "target" not in columns:
        raise RowError(1, "has no column 'target'", "add it to the first line")
    for name in columns:
        if not name or columns.count(name) > 1:
            fix = "give each column its own name"
            raise RowError(1, f"{name!r} is not a valid column name", fix)


def _mail_domain(row: Row, place: str, line: int) -> NamedMailDomain | None:
    """The mail domain that the row names; None if it names a target."""
    if "" in row or not (row["target"] or "").strip().startswith(MAIL_DOMAIN):
        return None
    fields = {name: (text or "").strip() for name, text in row.items()}
    address = fields.pop("target")
    for name in ("server_name", "protocol"):
        if fields.get(name):
            raise RowError(line, f"a mail domain has no {name}", "leave the field empty")
    labels = {name: text for name, text in fields.items() if text and name not in _OWN_COLUMNS}
    try:
        domain = parse_mail_domain(address)
    except TargetError as error:
        raise RowError(line, error.problem, error.fix, address) from error
    return NamedMailDomain(domain=domain, labels=labels, place=place)


def _target(row: Row, source: str, line: int) -> Target:
    if "" in row:
        raise RowError(
            line, "has more fields than the first line", "quote fields that contain commas"
        )
    fields = {name: (text or "").strip() for name, text in row.items()}
    named = fields.pop("server_name", "")
    protocol = fields.pop("protocol", "")
    address = fields.pop("target")
    try:
        return parse_target(
            address,
            **({"server_name": "" if named == _NO_NAME else named} if named else {}),
            **({"protocol": protocol} if protocol else {}),
            labels={name: text for name, text in fields.items() if text},
            source=source,
        )
    except TargetError as error:
        raise RowError(line, error.problem, error.fix, address) from error
