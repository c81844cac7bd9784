"""The feed of changes, as a page's values and as Atom (RFC 4287)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET

from exporters.attribution_text import attributed
from exporters.pages.links import history_link
from model.comparisons.change import Change
from model.safe_output.xml_text import Element, element

_ATOM: Final = "http://www.w3.org/2005/Atom"


def atom_feed(changes: Sequence[Change], own_url: str, now: datetime) -> str:
    """The changes as an Atom feed; ``own_url`` is where clients got it."""
    feed = element("feed", xmlns=_ATOM)
    site = own_url.partition("/changes.atom")[0]
    feed.append(element("id", lines=[own_url]))
    feed.append(element("title", lines=["tlsprobe: changes"]))
    feed.append(element("updated", lines=[(changes[0].at if changes else now).isoformat()]))
    feed.append(element("link", rel="self", href=own_url))
    for change in changes:
        feed.append(_entry(change, site))
    ET.indent(feed)
    body: str = ET.tostring(feed, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _entry(change: Change, site: str) -> Element:
    entry = element("entry")
    identity = "\n".join((change.endpoint_key, change.at.isoformat(), change.fact, change.sentence))
    digest = hashlib.sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()
    entry.append(element("id", lines=[f"urn:sha256:{digest}"]))
    entry.append(element("title", lines=[f"{change.endpoint_key}: {change.sentence}"]))
    entry.append(element("updated", lines=[change.at.isoformat()]))
    author = element("author")
    author.append(element("name", lines=["tlsprobe"]))
    entry.append(author)
    entry.append(element("link", href=site + (history_link(change.endpoint_key) or "/changes")))
    before, after = change.before or "nothing", change.after or "nothing"
    lines = [f"{change.fact}: {before} → {after}"]
    if change.attribution is not None:
        lines.append(attributed(change.attribution))
    entry.append(element("summary", lines=lines, type="text"))
    return entry
