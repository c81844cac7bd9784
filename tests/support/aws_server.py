"""AWS on loopback: a model server whose answers the service models validate and serialize, in front of moto.

A test adds rows to ``answers``; what has no row goes to moto. moto makes some answers up (``tests/discovery/aws/
test_moto.py`` lists them), and has no throttling, no denial and no page that vanishes.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qs

from botocore.validate import ParamValidator
from moto.core.base_backend import BackendDict
from moto.core.exceptions import ServiceException
from moto.core.model_instances import reset_model_data
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from model.frozen import frozen

_CREDENTIAL: Final = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
_PLACEHOLDER: Final = re.compile(r"\\\{[^}]*\\\}")

Answer = Mapping[str, Any]


@frozen
class Fault:
    """An error of AWS, in the form of the service's protocol."""

    code: str
    message: str = "as the test says"
    status: int = 400


@frozen
class Page:
    """What is not AWS's answer, such as a proxy's page."""

    body: bytes
    status: int = 502


@frozen
class Call:
    """One request: by which access key, in which region, which operation.

    ``form`` is what the query of the URL says, and the body of a query API; ``body`` is the body as it is. With
    ``if_match``, the call is conditional.
    """

    key: str
    region: str
    service: str
    operation: str
    form: Mapping[str, str]
    body: bytes = b""
    if_match: str = ""

    @property
    def json(self) -> Any:
        """The parameters of a call of a JSON API."""
        return json.loads(self.body)


Row = Answer | Fault | Page
_NOT_IN_MOTO: Final[Mapping[tuple[str, str], Answer]] = {
    ("dax", "DescribeClusters"): {"Clusters": []},
    ("elasticache", "DescribeServerlessCaches"): {"ServerlessCaches": []},
    ("lambda", "ListFunctionUrlConfigs"): {"FunctionUrlConfigs": []},
    ("opensearchserverless", "ListCollections"): {"collectionSummaries": []},
    ("redshift-serverless", "ListWorkgroups"): {"workgroups": []},
}


class _ModelError(ServiceException):
    """moto looks for the model of an error in the module of its class, if that is moto's."""


class AwsServer:
    """The answers by (service, operation); a list is answered in turn, and its last entry from then on.

    A function is called with the request; if it returns None, moto answers.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Row | list[Row] | Callable[[Call], Row | None]] = {}
        self.calls: list[Call] = []
        self.url = ""
        self.invalid: list[str] = []
        """Rows of the test that AWS's service model does not have."""
        self.reset()
        self._moto: Any = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """A WSGI application."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        call = self._call(environ, body)
        row = self._row(call) if call else None
        if call is None or row is None:
            environ["wsgi.input"] = io.BytesIO(body)
            answer: Iterable[bytes] = self._moto(environ, start)
            return answer
        try:
            status, headers, content = _serialized(call, row)
        except (TypeError, ValueError, KeyError) as error:
            self.invalid.append(f"{call.service}.{call.operation}: {error!r}")
            start("400 invalid", [])
            return []
        start(f"{status} answer", [*headers.items(), ("content-length", str(len(content)))])
        return [content]

    def reset(self) -> None:
        """Forgets the rows and calls of a test; moto's resources stay."""
        self.answers.clear()
        self.answers.update(_NOT_IN_MOTO)
        self.calls.clear()
        self.invalid.clear()

    def called(self, service: str, operation: str) -> int:
        """How often an operation was called."""
        return sum((one.service, one.operation) == (service, operation) for one in self.calls)

    def _call(self, environ: Mapping[str, Any], body: bytes) -> Call | None:
        signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is None:
            return None
        key, region, signing = signed.groups()
        for service in sorted({service for service, _ in self.answers}):
            model = get_service_model(service)
            name = _operation(model, environ, body) if model.signing_name == signing else None
            if name is not None:
                asked = f"{environ['QUERY_STRING']}&{body.decode('latin-1')}"
                form = {key: values[0] for key, values in parse_qs(asked).items()}
                call = Call(
                    key=key,
                    region=region,
                    service=service,
                    operation=name,
                    form=form,
                    body=body,
                    if_match=environ.get("HTTP_IF_MATCH", ""),
                )
                with self._lock:
                    self.calls.append(call)
                return call
        return None

    def _row(self, call: Call) -> Row | None:
        with self._lock:
            row = self.answers.get((call.service, call.operation))
            if isinstance(row, list):
                return row.pop(0) if len(row) > 1 else row[0]
        return row(call) if callable(row) else row


def _operation(model: Any, environ: Mapping[str, Any], body: bytes) -> str | None:
    """The name of the requested operation; None if the request is for another API with the same signing name."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if model.protocol in {"query", "ec2"}:
        form = parse_qs(body.decode())
        return form["Action"][0] if form.get("Version") == [model.api_version] else None
    path, _, query = environ["RAW_URI"].partition("?")
    fitting = [
        name
        for name in model.operation_names
        if _fits(model.operation_model(name).http, environ["REQUEST_METHOD"], path, query)
    ]
    return max(fitting, key=lambda name: _literals(model.operation_model(name).http), default=None)


def _fits(http: Mapping[str, Any], method: str, path: str, query: str) -> bool:
    template, _, wanted = http["requestUri"].partition("?")
    pattern = _PLACEHOLDER.sub("[^/]+", re.escape(template).replace("+", ""))
    asked = parse_qs(query, keep_blank_values=True)
    return (
        http["method"] == method
        and re.fullmatch(f"{pattern}/?", path) is not None
        and all(name in asked for name in parse_qs(wanted, keep_blank_values=True))
    )


def _literals(http: Mapping[str, Any]) -> tuple[int, int]:
    """How exactly a template names what it is for: parts of the query, then parts of the path."""
    path, _, query = http["requestUri"].partition("?")
    return len(parse_qs(query, keep_blank_values=True)), -path.count("{")


def _serialized(call: Call, row: Row) -> tuple[int, dict[str, str], bytes]:
    if isinstance(row, Page):
        return row.status, {"content-type": "text/html"}, row.body
    model = get_service_model(call.service)
    operation = model.operation_model(call.operation)
    # Services that have both speak JSON with botocore; the model names CBOR.
    protocol = "json" if "cbor" in str(model.protocol) else str(model.protocol)
    serializer = get_serializer_class(call.service, protocol)(operation)
    result: Any = _ModelError(row.code, row.message) if isinstance(row, Fault) else row
    if not isinstance(row, Fault):
        report = ParamValidator().validate(row, operation.output_shape)
        if report.has_errors():
            raise ValueError(report.generate_report())
    answer = serializer.serialize(result)
    body = answer["body"]
    status = row.status if isinstance(row, Fault) else answer["status_code"]
    headers = {k: v for k, v in answer["headers"].items() if k.lower() != "content-length"}
    return status, headers, body.encode() if isinstance(body, str) else body


@contextmanager
def aws_server() -> Iterator[AwsServer]:
    """A server on a free port of loopback, without resources."""
    application = AwsServer()
    server = make_server("127.0.0.1", 0, application, threaded=True)
    application.url = f"http://127.0.0.1:{server.server_port}"
    BackendDict.reset()
    reset_model_data()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield application
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
