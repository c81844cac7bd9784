"""Targets of the other exporters' modules: any text is read or refused, and never breaks a request."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.web.http_get import Http1Get, Http2Get, HttpRequest
from service.config.modules.module import ModuleSettings
from service.probe_endpoint.probe_request import ProbeRequest, request_of
from service.probe_endpoint.web_address import NoTargetError, WebAddress, web_address

HTTP: Final = ModuleSettings.model_validate({"prober": "http", "allow_paths": True})
HTTPS: Final = ModuleSettings.model_validate({"prober": "https", "allow_paths": True})
TCP: Final = ModuleSettings.model_validate({"prober": "tcp", "tcp": {"tls": True}})
TEXTS: Final = st.text(max_size=40) | st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "http://", "https://", "HTTPS://", "//", "smtp://"]),
    st.sampled_from(
        ["a.test", "[::1]", "[fe80::1%25lo]", "bücher.example", "127.0.0.1:0", "u@h", ":"]
    ),
    st.text(max_size=20),
)


def read(module: ModuleSettings, text: str) -> WebAddress:
    return web_address(module, text)


@pytest.mark.parametrize(
    ("module", "text", "url"),
    [
        (HTTP, "a.test", "http://a.test/"),
        (HTTP, "a.test:8443", "http://a.test:8443/"),
        (HTTP, "https://a.test/x?y=z#part", "https://a.test/x?y=z"),
        (HTTP, "https://[::1]:8443", "https://[::1]:8443/"),
        (HTTP, "https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        # Go's net/url (which blackbox_exporter uses) leaves brackets as they are written: validEncoded.
        (HTTP, "https://a.test/list[0]?of=[1]", "https://a.test/list[0]?of=[1]"),
        (HTTPS, "a.test", "https://a.test/"),
        (HTTPS, "a.test:8443", "https://a.test:8443/"),
    ],
)
def test_a_target_is_read_as_its_exporter_does(module: ModuleSettings, text: str, url: str) -> None:
    assert read(module, text).url == url


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/there?x", "https://a.test:8443/there?x"),
        ("there", "https://a.test:8443/dir/there"),
        ("//b.test/c", "https://b.test/c"),
        ("http://b.test", "http://b.test/"),
    ],
)
def test_a_location_is_relative_to_its_own_address(location: str, url: str) -> None:
    """RFC 9110, section 10.2.2."""
    assert read(HTTP, "https://a.test:8443/dir/page").redirected(location).url == url


@given(TEXTS, st.none() | TEXTS, st.sampled_from([HTTP, HTTPS, TCP]))
def test_any_text_is_read_or_refused(text: str, host: str | None, module: ModuleSettings) -> None:
    with suppress(NoTargetError):
        request = request_of(module, text, host)
        assert request.target.port
        _ask(request)


@given(TEXTS)
def test_any_location_is_read_or_refused(location: str) -> None:
    with suppress(NoTargetError):
        address = read(HTTP, "https://a.test/").redirected(location)
        _ask(ProbeRequest(target=address.target(None), address=address))


def _ask(request: ProbeRequest) -> None:
    """Both versions can send the request, in which no text ends a line."""
    if request.address is None:
        return
    asked = HttpRequest(
        scheme=request.address.scheme,
        host=request.host or request.address.authority,
        path=request.address.path,
        user_agent="test",
    )
    sent: list[bytes] = []
    for get in (Http1Get(asked, lambda: 0.0), Http2Get(asked, lambda: 0.0)):
        get.begin(sent.append)
    assert sent[0].count(b"\r\n") == 5
