"""The modules of ``/probe``: ours, and unchanged ones of blackbox_exporter and ssl_exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from model.protocol_version import ProtocolVersion
from service.config.modules.module import ModuleSettings
from service.config.modules.on_demand import OnDemandSettings

ACCEPTED = {
    "blackbox_exporter, TCP": """
        prober: tcp
        timeout: 5s
        tcp:
          tls: true
          preferred_ip_protocol: ip4
          ip_protocol_fallback: false
          tls_config: {insecure_skip_verify: true, server_name: a.test, min_version: TLS10}
    """,
    "blackbox_exporter, HTTPS": """
        prober: http
        timeout: 1m30s
        http:
          valid_http_versions: [HTTP/1.1, HTTP/2.0]
          valid_status_codes: [200, 204]
          method: GET
          no_follow_redirects: true
          fail_if_ssl: false
          fail_if_not_ssl: true
          preferred_ip_protocol: ip4
          tls_config: {insecure_skip_verify: false}
    """,
    "ssl_exporter": """
        prober: https
        target: https://a.test
        timeout: 500ms
        tls_config: {insecure_skip_verify: true, renegotiation: never}
    """,
}


def module(text: str) -> ModuleSettings:
    return ModuleSettings.model_validate(yaml.safe_load(text))


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_a_module_of_the_other_exporter_is_read_unchanged(text: str) -> None:
    assert module(text).emit


def test_its_keys_have_the_same_meaning_as_in_the_other_exporter() -> None:
    tcp, http, https = map(module, ACCEPTED.values())
    assert (tcp.timeout, http.timeout, https.timeout) == (5, 90, 0.5)
    assert (tcp.preferred_ip_version, tcp.may_fall_back) == (4, False)
    assert tcp.tls.versions[0] is ProtocolVersion.TLSV1_0
    assert http.tls.versions == (ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3)
    assert [http.http.accepts(status) for status in (200, 204, 301, 500)] == [
        True,
        True,
        False,
        False,
    ]
    assert https.tls.insecure_skip_verify
    assert https.target == "https://a.test"


def test_without_a_list_a_success_and_a_redirect_that_would_be_followed_are_good() -> None:
    usual = module("{prober: http}").http
    assert [usual.accepts(status) for status in (200, 302, 404)] == [True, True, False]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"prober": "dns"}, "prober"),
        ({"timeout": "5 minutes"}, "5s, 500ms or 1m30s"),
        ({"tcp": {"tls": False}}, "tls"),
        ({"tcp": {"query_response": []}}, "query_response"),
        ({"http": {"fail_if_body_matches_regexp": ["x"]}}, "fail_if_body_matches_regexp"),
        ({"http": {"method": "POST"}}, "method"),
        ({"https": {"proxy_url": "http://a"}}, "proxy_url"),
        ({"tls_config": {"renegotiation": "freely"}}, "renegotiation"),
        ({"tls_config": {"ca_file": "/nowhere/ca.pem"}}, "/nowhere/ca.pem"),
        ({"tls_config": {"key_file": "key.pem"}}, "cert_file"),
        ({"checks": ["everything"]}, "everything"),
        ({"expect": {"refused_versions": ["TLSv9"]}}, "TLSv9"),
        ({"emit": []}, "emit"),
        # A fact that is not asked about stays unknown.
        ({"expect": {"client_auth": "required"}, "checks": ["certificates"]}, "client_auth"),
    ],
)
def test_a_key_without_counterpart_is_refused_by_name(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ModuleSettings.model_validate(wrong)
    assert named in str(refused.value)


def test_the_default_module_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="'other' is not one of the modules"):
        OnDemandSettings(default_module="other")
