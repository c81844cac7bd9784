"""Security Hub on the AWS server of loopback: a product's findings with what people decide about them.

It refuses what the documentation of BatchImportFindings, BatchUpdateFindings and the finding format says is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tests.support.aws_server import AwsServer, Call

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-west-1"
PRODUCT: Final = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"
_MOST: Final = 100
_MOST_BYTES: Final = 240_000
_LONGEST: Final = {"Id": 512, "Title": 256, "Description": 1024, "GeneratorId": 512}
_OF_PEOPLE: Final = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
_OF_PROVIDERS: Final = ("Confidence", "Criticality", "RelatedFindings", "Severity", "Types")
"""Fields that a provider gives in FindingProviderFields only."""


class HubOnLoopback:
    """The findings by Id, as GetFindings gives them; ``refused`` are Ids that imports fail for, with ``code``."""

    def __init__(self, aws: AwsServer) -> None:
        self.findings: dict[str, dict[str, Any]] = {}
        self.refused: set[str] = set()
        self.code = "InvalidInput"
        aws.answers["securityhub", "BatchImportFindings"] = self._import
        aws.answers["securityhub", "BatchUpdateFindings"] = self._update
        aws.answers["securityhub", "GetFindings"] = self._get
        aws.answers["sts", "GetCallerIdentity"] = {
            "Account": ACCOUNT,
            "UserId": "u",
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/u",
        }

    def suppress(self, key: str, by: str, text: str = "accepted") -> None:
        """A person suppresses a finding, with a note."""
        self.findings[key] |= {
            "Workflow": {"Status": "SUPPRESSED"},
            "Note": {"Text": text, "UpdatedBy": by, "UpdatedAt": "2026-07-01T12:00:00Z"},
        }

    def workflow(self, key: str) -> str:
        """The workflow status of a finding."""
        return str(self.findings[key]["Workflow"]["Status"])

    def _import(self, call: Call) -> dict[str, Any]:
        asked = call.json["Findings"]
        assert 0 < len(asked) <= _MOST
        failed = []
        for one in asked:
            if reason := self._fault(one):
                failed.append({"Id": one["Id"], "ErrorCode": self.code, "ErrorMessage": reason})
            else:
                self._put(one)
        return {
            "FailedCount": len(failed),
            "SuccessCount": len(asked) - len(failed),
            "FailedFindings": failed,
        }

    def _fault(self, one: Mapping[str, Any]) -> str:
        if one["Id"] in self.refused:
            return "refused by the test"
        if len(json.dumps(one)) > _MOST_BYTES:
            return "larger than 240 KB"
        if one["AwsAccountId"] != ACCOUNT or one["ProductArn"] != PRODUCT:
            return "of another account"
        if any(name in one for name in (*_OF_PEOPLE, *_OF_PROVIDERS)):
            return "fields that a provider must not set"
        if not one["FindingProviderFields"]["Severity"]["Label"]:
            return "no severity"
        long = [name for name, most in _LONGEST.items() if len(one[name]) > most]
        return f"too long: {long}" if long else ""

    def _put(self, one: dict[str, Any]) -> None:
        before = self.findings.get(one["Id"])
        if before is None:
            self.findings[one["Id"]] = {**one, "Workflow": {"Status": "NEW"}}
            return
        if datetime.fromisoformat(one["UpdatedAt"]) <= datetime.fromisoformat(before["UpdatedAt"]):
            return
        workflow = before["Workflow"]
        comes_back = (before["RecordState"], one["RecordState"]) == ("ARCHIVED", "ACTIVE")
        if comes_back and workflow["Status"] in {"NOTIFIED", "RESOLVED"}:
            workflow = {"Status": "NEW"}
        self.findings[one["Id"]] = {**before, **one, "Workflow": workflow}

    def _update(self, call: Call) -> dict[str, Any]:
        asked = call.json
        named = asked["FindingIdentifiers"]
        assert 0 < len(named) <= _MOST
        processed, missing = [], []
        for one in named:
            assert one["ProductArn"] == PRODUCT
            if (finding := self.findings.get(one["Id"])) is None:
                missing.append(
                    {
                        "FindingIdentifier": one,
                        "ErrorCode": "FindingNotFound",
                        "ErrorMessage": "Finding Not Found",
                    }
                )
                continue
            note = {**asked["Note"], "UpdatedAt": "2026-07-01T12:00:00Z"}
            finding |= {"Workflow": asked["Workflow"], "Note": note}
            processed.append(one)
        return {"ProcessedFindings": processed, "UnprocessedFindings": missing}

    def _get(self, call: Call) -> dict[str, Any]:
        filters = call.json["Filters"]
        (product,), (prefix,) = filters.pop("ProductArn"), filters.pop("Id")
        (status,) = filters.pop("WorkflowStatus")
        assert not filters
        assert (product["Comparison"], prefix["Comparison"]) == ("EQUALS", "PREFIX")
        found = [
            one
            for key, one in sorted(self.findings.items())
            if one["ProductArn"] == product["Value"]
            and key.startswith(prefix["Value"])
            and one["Workflow"]["Status"] == status["Value"]
        ]
        start = int(call.json.get("NextToken", 0))
        end = start + call.json["MaxResults"]
        more = {"NextToken": str(end)} if end < len(found) else {}
        return {"Findings": found[start:end], **more}
