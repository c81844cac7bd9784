"""Security Hub of one account and region, over its API. It blocks: call it in a thread. It needs botocore.

BatchImportFindings creates and updates findings, and leaves what people decide about them. Only BatchUpdateFindings
changes a workflow status: a waiver here suppresses the finding there, with a note of ours. A suppression that has a note
of somebody else stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from discovery.cloud.aws.accounts import Accounts
from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.limits import Limits
from discovery.cloud.aws.scope import AwsScope
from discovery.cloud.aws.sessions import Passage
from discovery.source import SourceError
from model.safe_output.printable import printable
from pki.net_guard.gate import SocketGate
from service.integrations.attempts import DeliveryError, PartialDeliveryError
from service.integrations.security_hub.asff import AUTHOR, MOST_FINDINGS, PREFIX

_GONE: Final = "FindingNotFound"
"""Security Hub has deleted the finding, so there is nothing to suppress."""
_PASSING: Final = frozenset(
    {
        "ConcurrentUpdateError",
        "InternalError",
        "InternalFailure",
        "InternalException",
        "LimitExceeded",
        "LimitExceededException",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)
"""The codes of failures that pass; with any other code, Security Hub would refuse the same finding again."""
_LONGEST_REASON: Final = 300
_WAIVED: Final = "A waiver of tlsprobe accepts this finding."
_WAIVER_ENDED: Final = "The waiver of tlsprobe has ended, and the finding is open."

_Finding = Mapping[str, Any]


class Hub:
    """Security Hub, by the credentials of ``scope``, through ``gate``."""

    def __init__(self, scope: AwsScope, gate: SocketGate) -> None:
        self._limits = Limits()
        self._passage = Passage(limits=self._limits, gate=gate, endpoint_url=scope.endpoint_url)
        self._scope = scope
        self._accounts: Accounts | None = None
        self._account = ""

    def deliver(self, imported: Sequence[_Finding], suppressed: Collection[str]) -> None:
        """Create or update findings, and give those that waivers accept the status SUPPRESSED.

        Raises:
            PartialDeliveryError: if Security Hub accepts all of it but some findings.
            DeliveryError: if Security Hub cannot be asked.
        """
        api = self._api()
        product = _product(api)
        failed = self._import(
            api, [{**one, "ProductArn": product, "AwsAccountId": api.account} for one in imported]
        )
        active = {one["Id"] for one in imported if one["RecordState"] == "ACTIVE"}
        active -= {one["Id"] for one in failed}
        if active or suppressed:
            known = {one["Id"]: _is_ours(one) for one in self._suppressed(api, product)}
            ended = [key for key in active if known.get(key)]
            failed += self._update(api, product, ended, "NEW", _WAIVER_ENDED)
            waived = [key for key in suppressed if key not in known]
            failed += self._update(api, product, waived, "SUPPRESSED", _WAIVED)
        _check_each(failed)

    def suppressed(self) -> tuple[_Finding, ...]:
        """Our findings that somebody else has suppressed.

        Raises:
            DeliveryError: if Security Hub does not give all of them.
        """
        api = self._api()
        every = self._suppressed(api, _product(api))
        return tuple(one for one in every if not _is_ours(one))

    def stop(self) -> None:
        """Ends all waits, and sends nothing more."""
        self._limits.stop()

    def _api(self) -> AwsApi:
        try:
            if self._accounts is None:
                self._accounts = Accounts(self._scope, self._passage)
            if not self._account:
                (self._account,) = self._accounts.identifiers()
            session = self._accounts.session(self._account)
        except SourceError as error:
            raise DeliveryError(str(error)) from error
        if isinstance(session, str):
            raise DeliveryError(session)
        return AwsApi(session, self._accounts.home, datetime.now(UTC))

    def _import(self, api: AwsApi, findings: Sequence[_Finding]) -> list[_Finding]:
        """The findings that were not accepted, each with Id, ErrorCode and ErrorMessage."""
        failed: list[_Finding] = []
        for some in _batches(findings):
            answer = api.one("securityhub.BatchImportFindings", Findings=some)
            _check(api)
            failed += (answer or {}).get("FailedFindings", ())
        return failed

    def _update(
        self, api: AwsApi, product: str, keys: Sequence[str], status: str, note: str
    ) -> list[_Finding]:
        """The findings that were not changed, as `_import` gives them; those that are gone do not count."""
        failed: list[_Finding] = []
        for some in _batches(keys):
            answer = api.one(
                "securityhub.BatchUpdateFindings",
                FindingIdentifiers=[{"Id": key, "ProductArn": product} for key in some],
                Workflow={"Status": status},
                Note={"Text": note, "UpdatedBy": AUTHOR},
            )
            _check(api)
            failed += (
                {**one, "Id": one["FindingIdentifier"]["Id"]}
                for one in (answer or {}).get("UnprocessedFindings", ())
                if one.get("ErrorCode") != _GONE
            )
        return failed

    def _suppressed(self, api: AwsApi, product: str) -> Sequence[_Finding]:
        """All findings of this product with the status SUPPRESSED that tlsprobe made."""
        filters = {
            "ProductArn": [{"Value": product, "Comparison": "EQUALS"}],
            "Id": [{"Value": PREFIX, "Comparison": "PREFIX"}],
            "WorkflowStatus": [{"Value": "SUPPRESSED", "Comparison": "EQUALS"}],
        }
        found = list(api.each("securityhub.GetFindings", Filters=filters, MaxResults=MOST_FINDINGS))
        _check(api)
        return found


def _product(api: AwsApi) -> str:
    """The product of findings that an account imports itself."""
    return api.arn("securityhub", f"product/{api.account}/default")


def _is_ours(finding: _Finding) -> bool:
    """Whether a waiver of ours has suppressed it. A note stays where somebody suppresses it again without one."""
    note = finding.get("Note", {})
    return (note.get("UpdatedBy"), note.get("Text")) == (AUTHOR, _WAIVED)


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), MOST_FINDINGS):
        yield values[start : start + MOST_FINDINGS]


def _check(api: AwsApi) -> None:
    """Raises DeliveryError if the call failed."""
    if api.skipped:
        raise DeliveryError(api.skipped[0].problem)


def _check_each(failed: Collection[_Finding]) -> None:
    """Raises PartialDeliveryError with the alerts whose findings Security Hub did not accept, if there are any."""
    refused: dict[str, str] = {}
    missed: dict[str, str] = {}
    for one in failed:
        code, key = str(one.get("ErrorCode")), str(one["Id"]).removeprefix(PREFIX)
        reason = printable(f"{code}: {one.get('ErrorMessage')}", limit=_LONGEST_REASON)
        (missed if code in _PASSING else refused)[key] = reason
    if failed:
        raise PartialDeliveryError(refused, missed)
