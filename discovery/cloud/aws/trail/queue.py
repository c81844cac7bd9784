"""Reads the queue of SQS into which a rule of EventBridge puts the calls that CloudTrail records.

A message is deleted once its event is stored, or if no Change can have its call as the cause. All others stay: the
queue hides each for a while after it is read, and its redrive policy takes it away after some readings. So messages of
someone else are not lost if the wrong queue is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from discovery.cloud.aws.accounts import Accounts
from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.limits import Limits
from discovery.cloud.aws.scope import AwsScope
from discovery.cloud.aws.sessions import Passage
from discovery.cloud.aws.trail.arn import Arn
from discovery.cloud.aws.trail.record import MessageError, event_of
from discovery.source import SourceError
from model.comparisons.attribution import TrailEvent
from model.frozen import frozen
from pki.net_guard.gate import SocketGate

_AT_ONCE: Final = 10
"""As many messages as SQS gives and deletes in one call."""
_WAIT_SECONDS: Final = 5
"""How long SQS waits for a message: less than the time in which the service must stop."""


@frozen
class Received:
    """What one call gave: ``receipts`` are those of messages to delete once ``events`` are stored.

    ``left`` has the reason for each message that is not deleted.
    """

    events: tuple[TrailEvent, ...] = ()
    receipts: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class EventQueue:
    """One queue, in an account of the source. It blocks: call it in a thread."""

    def __init__(self, queue_arn: str, scope: AwsScope, gate: SocketGate) -> None:
        arn = Arn.of(queue_arn)
        if arn is None:
            raise ValueError(f"{queue_arn!r} is not an ARN")
        self._arn = arn
        self._scope = scope
        self._limits = Limits()
        self._passage = Passage(limits=self._limits, gate=gate, endpoint_url=scope.endpoint_url)
        self._accounts: Accounts | None = None
        self._numbers: tuple[str, ...] = ()
        self._url = ""

    def receive(self, now: datetime) -> Received:
        """Up to ten messages; waits a few seconds for the first.

        Raises:
            SourceError: if the queue cannot be read now.
        """
        answer = self._call(
            "ReceiveMessage", now, MaxNumberOfMessages=_AT_ONCE, WaitTimeSeconds=_WAIT_SECONDS
        )
        events, receipts, left = dict[str, TrailEvent](), list[str](), list[str]()
        for message in answer.get("Messages", ()):
            try:
                event = event_of(message["Body"], self._numbers, now)
            except MessageError as error:
                left.append(str(error))
                continue
            receipts.append(message["ReceiptHandle"])
            if event is not None:
                events[event.call.event_id] = event
        return Received(events=tuple(events.values()), receipts=tuple(receipts), left=tuple(left))

    def delete(self, receipts: Sequence[str], now: datetime) -> int:
        """Deletes messages; returns how many. The others come again.

        Raises:
            SourceError: if AWS cannot be asked now.
        """
        if not receipts:
            return 0
        entries = [{"Id": str(number), "ReceiptHandle": one} for number, one in enumerate(receipts)]
        answer = self._call("DeleteMessageBatch", now, Entries=entries)
        return len(answer.get("Successful", ()))

    def stop(self) -> None:
        """Ends all waits, and sends nothing more."""
        self._limits.stop()

    def _call(self, name: str, now: datetime, **parameters: Any) -> dict[str, Any]:
        api = self._api(now)
        if not self._url:
            named = {"QueueName": self._arn.resource, "QueueOwnerAWSAccountId": self._arn.account}
            self._url = str(_answer(api, "GetQueueUrl", **named)["QueueUrl"])
        return _answer(api, name, QueueUrl=self._url, **parameters)

    def _api(self, now: datetime) -> AwsApi:
        if self._accounts is None:
            self._accounts = Accounts(self._scope, self._passage)
        if not self._numbers:
            self._numbers = self._accounts.identifiers()
        if self._arn.account not in self._numbers:
            raise SourceError(
                f"the queue {self._arn.text} is in an account that the source does not read: add it to `accounts`."
            )
        session = self._accounts.session(self._arn.account)
        if isinstance(session, str):
            raise SourceError(f"{session}.")
        return AwsApi(session, self._arn.region, now)


def _answer(api: AwsApi, name: str, **parameters: Any) -> dict[str, Any]:
    answer = api.one(f"sqs.{name}", **parameters)
    if answer is None:
        raise SourceError(f"{api.skipped[0].problem}.")
    return dict(answer)
