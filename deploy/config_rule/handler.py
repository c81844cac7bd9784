"""A custom rule of AWS Config: a resource is compliant if visits of tlsprobe prove what AWS declares of it.

AWS Lambda calls ``handler`` when a resource changes, and at an interval. It asks the API of the service for the claims
of each resource, and answers with PutEvaluations. It needs Python's library and boto3 only, which Lambda has.

What is not proved is not compliant, and a service that does not answer changes no evaluation: the call fails, and
Config calls again.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import boto3

CHANGED: Final = "ConfigurationItemChangeNotification"
OVERSIZED: Final = "OversizedConfigurationItemChangeNotification"
SCHEDULED: Final = "ScheduledNotification"

_OF_A_TRIAL: Final = "TESTMODE"
"""What Config sends in place of a token to try a rule."""
_GONE: Final = ("ResourceDeleted", "ResourceDeletedNotRecorded", "ResourceNotRecorded")
_AT_ONCE: Final = 100
"""BatchGetResourceConfig and PutEvaluations take as many at once."""
_SECONDS: Final = 10
_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_PAGES: Final = 100
_PAGE: Final = 100
_LONGEST: Final = 256
"""The longest annotation that Config takes."""
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

Item = Mapping[str, Any]


def handler(event: Item, context: object) -> dict[str, int]:
    """Evaluate what ``event`` is about; the result counts the evaluations by their type.

    Raises:
        ValueError: if the event, the environment or an answer of the service is not as it should be.
        OSError: if the service does not answer.
    """
    del context
    invoking = json.loads(event["invokingEvent"])
    parameters = json.loads(event.get("ruleParameters") or "{}")
    config = boto3.client("config")
    service = Service(os.environ)
    evaluations = [
        _evaluation(item, *verdict)
        for item, verdict in _judged(event, invoking, parameters, config, service)
    ]
    _put(config, event["resultToken"], evaluations)
    kinds = [one["ComplianceType"] for one in evaluations]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


class Service:
    """The API of tlsprobe: ``TLSPROBE_URL``, with the token in the secret ``TLSPROBE_TOKEN_SECRET`` if there is one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        url = environment.get("TLSPROBE_URL", "")
        self._place = urlsplit(url.rstrip("/"))
        is_local = self._place.scheme == "http" and self._place.hostname in _LOOPBACK
        if not self._place.hostname or not (self._place.scheme == "https" or is_local):
            raise ValueError(f"TLSPROBE_URL must be a URL with https://, not {url!r}")
        self._tls = ssl.create_default_context(cafile=environment.get("TLSPROBE_CA_FILE") or None)
        self._headers = {"accept": "application/json"}
        if secret := environment.get("TLSPROBE_TOKEN_SECRET"):
            answer = boto3.client("secretsmanager").get_secret_value(SecretId=secret)
            self._headers["authorization"] = f"Bearer {answer['SecretString'].strip()}"

    def claims(self, arn: str) -> list[Item]:
        """The claims about exactly this resource that a configuration declares."""
        found: list[Item] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            asked = {"resource": arn, "kind": "declared", "limit": str(_PAGE)}
            page = self._get("/api/v1/claims", asked | ({"cursor": cursor} if cursor else {}))
            found += (one for one in page["items"] if one["resource"] == arn)
            cursor = page["next"]
            if cursor is None:
                return found
        raise ValueError(f"the claims of {arn} have more than {_MOST_PAGES} pages")

    def _get(self, path: str, query: Mapping[str, str]) -> Item:
        with closing(self._connection()) as connection:
            connection.request(
                "GET", f"{self._place.path}{path}?{urlencode(query)}", headers=self._headers
            )
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES + 1)
        if answer.status != http.client.OK:
            raise ValueError(f"{path} answers with status {answer.status}")
        if len(body) > _MOST_BYTES:
            raise ValueError(f"the answer of {path} is longer than {_MOST_BYTES} bytes")
        page = json.loads(body)
        if not isinstance(page, dict) or "items" not in page or "next" not in page:
            raise ValueError(f"the answer of {path} is not that of tlsprobe")
        return page

    def _connection(self) -> http.client.HTTPConnection:
        """It follows no redirect, so that the token goes to the service alone."""
        host, port = self._place.hostname or "", self._place.port
        if self._place.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=self._tls)


def verdict_of(claims: Sequence[Item]) -> tuple[str, str]:
    """The compliance of a resource with these claims, and why.

    Config takes no evaluation for "unknown". NOT_APPLICABLE removes an earlier evaluation, so that nothing stays
    compliant that is proved no more.
    """
    by_verdict: dict[str, list[Item]] = {}
    for one in claims:
        by_verdict.setdefault(one["verdict"], []).append(one)
    if red := by_verdict.get("contradicted"):
        return "NON_COMPLIANT", f"{red[0]['statement']}; seen: {red[0]['observed']}"
    if missed := by_verdict.get("not_reached"):
        return "NOT_APPLICABLE", f"not proved: {missed[0]['statement']}: not reached"
    if proved := by_verdict.get("proved"):
        return "COMPLIANT", f"proved by a visit: {proved[0]['statement']}"
    if claims:
        return "NOT_APPLICABLE", f"nothing can prove it: {claims[0]['statement']}"
    return "NOT_APPLICABLE", "tlsprobe knows no claim about this resource"


def _judged(
    event: Item, invoking: Item, parameters: Item, config: Any, service: Service
) -> Iterator[tuple[Item, tuple[str, str]]]:
    kind = invoking.get("messageType")
    if kind == SCHEDULED:
        types = str(parameters.get("resourceTypes", "")).split(",")
        keys = list(_keys(config, [one.strip() for one in types if one.strip()]))
        items: Iterable[Item] = _described(config, keys)
    elif kind == CHANGED:
        items = [invoking["configurationItem"]]
    elif kind == OVERSIZED:
        # A configuration that is too long for a message is not in it.
        items = [invoking["configurationItemSummary"]]
    else:
        raise ValueError(f"unknown messageType {kind!r}: the rule must be for changes or scheduled")
    for item in items:
        is_gone = item.get("configurationItemStatus") in _GONE or event.get("eventLeftScope")
        if is_gone:
            yield item, ("NOT_APPLICABLE", "the resource is gone, or left the scope of the rule")
        elif arn := _arn(config, item):
            yield item, verdict_of(service.claims(arn))


def _arn(config: Any, item: Item) -> str | None:
    if found := item.get("ARN") or item.get("arn"):
        return str(found)
    described: Item = next(_described(config, [_key(item)]), {})
    return described.get("arn")


def _keys(config: Any, types: Sequence[str]) -> Iterator[dict[str, str]]:
    for kind in types:
        pages = config.get_paginator("list_discovered_resources").paginate(resourceType=kind)
        for page in pages:
            yield from map(_key, page["resourceIdentifiers"])


def _key(item: Item) -> dict[str, str]:
    return {"resourceType": item["resourceType"], "resourceId": item["resourceId"]}


def _described(config: Any, keys: Sequence[dict[str, str]]) -> Iterator[Item]:
    for start in range(0, len(keys), _AT_ONCE):
        asked = list(keys[start : start + _AT_ONCE])
        while asked:
            answer = config.batch_get_resource_config(resourceKeys=asked)
            yield from answer["baseConfigurationItems"]
            left = answer.get("unprocessedResourceKeys") or []
            if len(left) == len(asked):
                raise ValueError(f"Config does not describe {left[0]} now")
            asked = left


def _evaluation(item: Item, compliance: str, reason: str) -> dict[str, Any]:
    at = item.get("configurationItemCaptureTime") or datetime.now(UTC)
    return {
        "ComplianceResourceType": item["resourceType"],
        "ComplianceResourceId": item["resourceId"],
        "ComplianceType": compliance,
        "Annotation": reason[:_LONGEST],
        "OrderingTimestamp": at,
    }


def _put(config: Any, token: str, evaluations: Sequence[Item]) -> None:
    for start in range(0, len(evaluations), _AT_ONCE):
        answer = config.put_evaluations(
            Evaluations=evaluations[start : start + _AT_ONCE],
            ResultToken=token,
            TestMode=token == _OF_A_TRIAL,
        )
        if failed := answer.get("FailedEvaluations"):
            raise ValueError(f"Config refused {len(failed)} evaluations")
