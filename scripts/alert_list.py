"""Writes docs/reference/alert-list.md from the alert rules: ``python -m scripts.alert_list``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from exporters.prometheus.rules import rule_file

_HEADINGS: Final[Mapping[str, str]] = {
    "tlsprobe-reach": "Endpoints that do not answer",
    "tlsprobe-service": "tlsprobe itself",
    "tlsprobe-slo": "Service level objectives of tlsprobe itself",
    "tlsprobe-expiry": "Expiry",
    "tlsprobe-trust": "Trust, names, revocation",
    "tlsprobe-protocols": "Versions, cipher suites, vulnerabilities, policies",
    "tlsprobe-client-certificates": "Client certificates",
}
_INTRODUCTION: Final = """\
# Every alert

The alerts of `tlsprobe rules`, and what each says: names in italics stand for labels and values. *After* is how long the
condition holds before the alert fires. Each name links to its runbook. This page is written from the code by `make docs`;
[alerts.md](alerts.md) says how to use them.
"""
_NOTIFIER: Final = """
## Alerts of the notifier

Sent straight to an Alertmanager by a [notifier](notifications.md#alertmanager), from the findings of your policies. They respect
waivers.

| alert | severity | says |
|---|---|---|
| `TlsprobeFinding` | by the finding | the finding's violation, such as "Certificate expired 3 days ago" |
| `TlsprobeCertificateExpiry` | by the time left | when the certificate expires or expired |
"""
_CHOICE: Final = re.compile(r"\{\{ if .*?\}\}(.*?)\{\{ else \}\}(.*?)\{\{ end \}\}")
_OPTIONAL: Final = re.compile(r"\{\{ if .*?\}\}(.*?)\{\{ end \}\}")
_PRESENT: Final = re.compile(r"\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ \. \}\}(.*?)\{\{ end \}\}")
_LABEL: Final = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
_DURATION: Final = re.compile(r"\{\{ \$value \| humanizeDuration.*?\}\}")
_VALUE: Final = re.compile(r"\{\{ \$value \}\}")


def in_words(template: str) -> str:
    """The text of an annotation, with what Prometheus fills in as words in italics."""
    text = _DURATION.sub("*time*", template)
    text = _VALUE.sub("*number*", text)
    text = _PRESENT.sub(r"\2*\1*\3", text)
    text = _LABEL.sub(r"*\1*", text)
    text = _CHOICE.sub(r"\1 or \2", text)
    return _OPTIONAL.sub(r"(\1)", text)


def _rows(rules: list[Any]) -> Iterator[str]:
    for rule in rules:
        name, annotations = rule["alert"], rule["annotations"]
        yield (
            f"| [`{name}`](../runbooks/{name}.md) | {rule['labels']['severity']} | {rule.get('for', 'at once')} "
            f"| {in_words(annotations['summary'])} |"
        )


def reference() -> str:
    """The whole page."""
    lines = [_INTRODUCTION.rstrip()]
    for group in yaml.safe_load(rule_file())["groups"]:
        if "alert" in group["rules"][0]:
            heading = f"\n## {_HEADINGS[group['name']]}"
            lines += [heading, "\n| alert | severity | after | says |\n|---|---|---|---|"]
            lines += _rows(group["rules"])
    return "\n".join((*lines, _NOTIFIER))


if __name__ == "__main__":
    sys.stdout.write(reference())
