"""The modules of ``/probe``: ours, and unchanged ones of blackbox_exporter and ssl_exporter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from exporters.prometheus.probe_page import Names
from model.protocol_version import ProtocolVersion
from service.config.modules.exporter_keys import HttpKeys
from service.config.modules.module import ModuleSettings
from service.config.modules.on_demand import OnDemandSettings
from tests.service.probe_endpoint.stock_modules import OF_BLACKBOX_EXPORTER, OF_SSL_EXPORTER

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
    assert module(text).is_of_exporter


@pytest.mark.parametrize(
    ("exporter", "name"),
    [(Names.BLACKBOX_EXPORTER, name) for name in OF_BLACKBOX_EXPORTER]
    + [(Names.SSL_EXPORTER, name) for name in OF_SSL_EXPORTER],
)
def test_every_stock_module_is_used_or_refused_by_name(exporter: Names, name: str) -> None:
    stock = OF_SSL_EXPORTER if exporter is Names.SSL_EXPORTER else OF_BLACKBOX_EXPORTER
    written, refusal = stock[name]
    if refusal is None:
        assert ModuleSettings.model_validate(written).emit == (exporter,)
        return
    with pytest.raises(ValidationError) as refused:
        ModuleSettings.model_validate(written)
    assert refusal in str(refused.value)


@pytest.mark.parametrize(
    ("written", "emit"),
    [
        ("{prober: tcp, tcp: {tls: true}}", Names.BLACKBOX_EXPORTER),
        ("{prober: tcp, tcp: {preferred_ip_protocol: ip4}}", Names.BLACKBOX_EXPORTER),
        ("{prober: tcp, tcp: {tls: true, starttls: smtp}}", Names.BLACKBOX_EXPORTER),
        ("{prober: http}", Names.BLACKBOX_EXPORTER),
        ("{prober: http, http: }", Names.BLACKBOX_EXPORTER),
        ("{prober: http, tls_config: {insecure_skip_verify: true}}", Names.SSL_EXPORTER),
        ("{prober: tcp, target: 'a.test:443'}", Names.SSL_EXPORTER),
        ("{prober: tcp, tcp: {starttls: ftp}}", Names.SSL_EXPORTER),
        ("{checks: [certificates]}", Names.TLSPROBE),
    ],
)
def test_a_module_without_emit_has_the_names_of_its_own_exporter(written: str, emit: Names) -> None:
    assert module(written).emit == (emit,)


def test_tcp_without_tls_only_connects_in_blackbox_exporter() -> None:
    assert not module("{prober: tcp, emit: [blackbox_exporter]}").begins_tls
    assert module("{prober: tcp, tcp: {tls: true}}").begins_tls
    assert module("{prober: tcp, emit: [ssl_exporter]}").begins_tls


def test_an_empty_assertion_is_no_assertion() -> None:
    written = "{headers: {}, body: '', fail_if_body_matches_regexp: [], tls_config: }"
    assert module(f"{{prober: http, http: {written}}}").http == HttpKeys()


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


def test_without_a_list_only_the_status_2xx_is_a_success() -> None:
    usual = module("{prober: http}").http
    assert [usual.accepts(status) for status in (200, 204, 302, 404)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"prober": "dns"}, "prober"),
        ({"timeout": "5 minutes"}, "5s, 500ms or 1m30s"),
        (
            {"prober": "tcp", "tcp": {"starttls": "smtp"}, "emit": ["blackbox_exporter"]},
            "tls: true",
        ),
        ({"prober": "tcp", "emit": ["blackbox_exporter", "tlsprobe"]}, "only opens a connection"),
        ({"prober": "https", "emit": ["blackbox_exporter"]}, "ssl_exporter's"),
        ({"prober": "https", "http": {"fail_if_ssl": True}}, "http applies only"),
        ({"http": {"fail_if_ssl": True}}, "http applies only"),
        ({"prober": "http", "http": {"fail_if_slow": True}}, "fail_if_slow"),
        ({"tcp": {"query_response": [{"send": "a"}]}}, "query_response"),
        ({"http": {"fail_if_body_matches_regexp": ["x"]}}, "fail_if_body_matches_regexp"),
        ({"http": {"method": "POST"}}, "method"),
        ({"https": {"proxy_url": "http://a"}}, "proxy_url"),
        ({"tls_config": {"renegotiation": "freely"}}, "renegotiation"),
        ({"tls_config": {"ca_file": "/nowhere/ca.pem"}}, "/nowhere/ca.pem"),
        ({"tls_config": {"key_file": "key.pem"}}, "cert_file"),
        ({"tls_config": {"min_version": "TLS13", "max_version": "TLS12"}}, "above max_version"),
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


def test_one_s_own_modules_do_not_drop_the_built_in_default() -> None:
    own = OnDemandSettings.model_validate({"modules": {"mtls": {"checks": ["certificates"]}}})
    assert sorted(own.modules) == ["default", "mtls"]
    replaced = OnDemandSettings.model_validate({"modules": {"default": {"detail": "counts"}}})
    assert list(replaced.modules) == ["default"]


def test_the_default_module_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="'other' is not one of the modules"):
        OnDemandSettings(default_module="other")
