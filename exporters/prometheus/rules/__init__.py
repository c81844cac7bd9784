"""The alert and recording rules for Prometheus, as one rule file.

The YAML files of this folder are rule files themselves; each alert names its runbook in this documentation.
``make docs`` writes ``deploy/prometheus/rules/tlsprobe.yml`` from them, and ``tlsprobe rules`` prints the same.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

ALERT: Final = "{alert}"
"""The placeholder for an alert's name in the URL template of runbooks."""

_RULES: Final = ("service", "slo", "certificates", "protocols", "recording")
_RUNBOOK: Final = re.compile(r"runbook: docs/runbooks/(\w+)\.md")


def rule_file(runbook_url: str | None = None) -> str:
    """All rules, as YAML.

    Args:
        runbook_url: the URL of every alert's ``runbook_url``, with ``{alert}`` for the alert's name. Without
            it, ``runbook`` is the path of the runbook in the documentation.
    """
    folder = files(__name__)
    texts = [folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8") for name in _RULES]
    text = "groups:\n" + "\n".join(one.replace("groups:\n", "") for one in texts)
    if runbook_url is None:
        return text
    return _RUNBOOK.sub(lambda found: _link(runbook_url, found[1]), text)


def _link(template: str, alert: str) -> str:
    url = template.replace(ALERT, alert).replace("'", "''")
    return f"runbook_url: '{url}'"
