"""Observations as JSON: one a line, or as one list."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TextIO

from model.encoding.finding_json import finding_to_json
from model.encoding.observation_json import to_json
from model.encoding.remediation_json import remedy_to_json
from model.findings.judged import Judged
from model.observation import Observation
from service.scan.formats import OutputFormat
from service.scan.output import ScanOptions


class JsonWriter:
    """Writes to ``stream``, with evidence or without, as the options say; each Observation as soon as it is known."""

    def __init__(self, options: ScanOptions, stream: TextIO) -> None:
        self._with_evidence = options.with_evidence
        self._is_list = options.format is OutputFormat.JSON
        self._is_first = True
        self._stream = stream

    def write(self, observation: Observation, judged: Judged | None, now: datetime) -> None:
        """Write one Observation, with its findings if it was judged."""
        del now
        fields = to_json(observation, with_evidence=self._with_evidence)
        if judged is not None:
            fields["compliance"] = {
                policy: judged.assessment.compliance(policy).value
                for policy in judged.assessment.policies
            }
            fields["findings"] = [
                finding_to_json(finding, with_evidence=self._with_evidence)
                | {"remedy": remedy_to_json(judged.remedies.get(finding.fingerprint))}
                for finding in judged.findings
            ]
        line = json.dumps(fields, separators=(",", ":"))
        # json escapes everything but ASCII, and all control characters but this one.
        escaped = line.replace("\x7f", "\\u007f")
        if self._is_list:
            escaped = f"{'[' if self._is_first else ','}\n{escaped}"
        self._put(escaped if self._is_list else f"{escaped}\n")
        self._is_first = False

    def end(self, now: datetime) -> None:
        """End the list; lines are complete."""
        del now
        if self._is_list:
            self._put("[]\n" if self._is_first else "\n]\n")

    def _put(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
