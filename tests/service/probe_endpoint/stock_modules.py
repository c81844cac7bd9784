"""The modules of blackbox_exporter's blackbox.yml and example.yml (0.28) and of ssl_exporter's example (2.4): their keys,
with short values, and what tlsprobe says about each.

The expected text is None for a module that can be used as it stands, else what the refusal must name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_DIALOGUE: Final = [{"send": "NICK prober"}, {"expect": "^:[^ ]+ 001"}]
_STARTTLS: Final = [{"expect": "OK"}, {"starttls": True}]
_BARE_TCP: Final = "add `emit: [blackbox_exporter]` or `emit: [ssl_exporter]`"


def _http(**keys: Any) -> Mapping[str, Any]:
    return {"prober": "http", "http": keys}


def _tcp(**keys: Any) -> Mapping[str, Any]:
    return {"prober": "tcp", "tcp": keys}


OF_BLACKBOX_EXPORTER: Final[Mapping[str, tuple[Mapping[str, Any], str | None]]] = {
    "http_2xx": (_http(preferred_ip_protocol="ip4"), None),
    "http_post_2xx": (_http(method="POST"), "`http.method: POST`"),
    "tcp_connect": ({"prober": "tcp"}, _BARE_TCP),
    "pop3s_banner": (
        _tcp(query_response=_DIALOGUE, tls=True, tls_config={"insecure_skip_verify": False}),
        "`tcp.query_response`",
    ),
    "grpc": ({"prober": "grpc", "grpc": {"tls": True}}, "`prober: grpc`"),
    "ssh_banner": (_tcp(query_response=_DIALOGUE), "`tcp.query_response`"),
    "icmp": ({"prober": "icmp"}, "`prober: icmp`"),
    "icmp_ttl5": ({"prober": "icmp", "icmp": {"ttl": 5}}, "`prober: icmp`"),
    "websocket": ({"prober": "websocket"}, "`prober: websocket`"),
    "http_3xx": (
        _http(enable_http3=True, enable_http2=False, valid_http_versions=["HTTP/3.0"]),
        "`http.enable_http3`",
    ),
    "postgresql": (_tcp(query_response=_STARTTLS), "`starttls: smtp`"),
    "http_2xx_example": (
        _http(
            valid_http_versions=["HTTP/1.1", "HTTP/2.0"],
            valid_status_codes=[],
            headers={"Host": "vhost.example.com"},
            http_headers={"Accept-Language": {"values": ["en-US"]}},
            fail_if_body_matches_regexp=["a"],
            fail_if_body_not_matches_regexp=["b"],
            fail_if_header_matches=[{"header": "Set-Cookie", "regexp": ".*"}],
            fail_if_header_not_matches=[{"header": "A", "regexp": "b"}],
        ),
        (
            "`http.headers`, `http.http_headers`, `http.fail_if_body_matches_regexp`, "
            "`http.fail_if_body_not_matches_regexp`, `http.fail_if_header_matches`, "
            "`http.fail_if_header_not_matches` have no counterpart"
        ),
    ),
    "http_with_proxy": (
        _http(proxy_url="http://127.0.0.1:3128", skip_resolve_phase_with_proxy=True),
        "`http.proxy_url`, `http.skip_resolve_phase_with_proxy`",
    ),
    "http_with_proxy_and_headers": (
        _http(proxy_url="http://127.0.0.1:3128", proxy_connect_header={"A": ["b"]}),
        "`http.proxy_connect_header`",
    ),
    "http_post_with_body": (
        _http(method="POST", headers={"Content-Type": "application/json"}, body="{}"),
        "`http.body`",
    ),
    "http_post_body_file": (_http(method="POST", body_file="/files/body.txt"), "`http.body_file`"),
    "http_basic_auth_example": (
        _http(method="POST", basic_auth={"username": "a", "password": "b"}),
        "`http.basic_auth`",
    ),
    "http_json_cel_match": (
        _http(method="GET", fail_if_body_json_not_matches_cel="body.foo == 'bar'"),
        "`http.fail_if_body_json_not_matches_cel`",
    ),
    "http_2xx_oauth_client_credentials": (
        _http(oauth2={"client_id": "a"}, valid_status_codes=[200, 201]),
        "`http.oauth2`",
    ),
    "http_gzip": (_http(method="GET", compression="gzip"), "`http.compression`"),
    "tls_connect": (_tcp(tls=True), None),
    "tcp_connect_example": ({"prober": "tcp", "timeout": "5s"}, _BARE_TCP),
    "imap_starttls": (_tcp(query_response=_STARTTLS), "keep this module in blackbox_exporter, or"),
    "smtp_starttls": (_tcp(query_response=_STARTTLS), "`starttls: smtp`"),
    "irc_banner_example": (_tcp(query_response=_DIALOGUE), "`tcp.query_response`"),
    "rabbitmq": (_tcp(query_response=_DIALOGUE, tls=True), "`tcp.query_response`"),
    "icmp_example": ({"prober": "icmp", "icmp": {"source_ip_address": "127.0.0.1"}}, "icmp"),
    "dns_udp_example": ({"prober": "dns", "dns": {"query_name": "a.example"}}, "`prober: dns`"),
    "unix_socket_ping": ({"prober": "unix", "unix": {}}, "`prober: unix`"),
    "http_with_header_from_files": (_http(http_headers={"A": {"files": ["b"]}}), "http_headers"),
}

OF_SSL_EXPORTER: Final[Mapping[str, tuple[Mapping[str, Any], str | None]]] = {
    "https": ({"prober": "https"}, None),
    "https_insecure": ({"prober": "https", "tls_config": {"insecure_skip_verify": True}}, None),
    "https_renegotiation": (
        {"prober": "https", "tls_config": {"renegotiation": "freely"}},
        "`tls_config.renegotiation: freely` has no counterpart in tlsprobe: keep this module in ssl_exporter",
    ),
    "https_proxy": (
        {"prober": "https", "https": {"proxy_url": "socks5://localhost:8123"}},
        "`https.proxy_url`",
    ),
    "https_timeout": ({"prober": "https", "timeout": "3s"}, None),
    "tcp": ({"prober": "tcp"}, _BARE_TCP),
    "tcp_servername": ({"prober": "tcp", "tls_config": {"server_name": "example.com"}}, None),
    "tcp_smtp_starttls": (_tcp(starttls="smtp"), None),
    "file": ({"prober": "file"}, "`prober: file`"),
    "file_ca_certificates": ({"prober": "file", "target": "/a.crt"}, "`prober: file`"),
    "http_file": ({"prober": "http_file"}, "`prober: http_file`"),
    "kubernetes": ({"prober": "kubernetes"}, "`prober: kubernetes`"),
    "kubernetes_kubeconfig": (
        {"prober": "kubernetes", "kubernetes": {"kubeconfig": "/root/.kube/config"}},
        "keep this module in ssl_exporter",
    ),
    "kubeconfig": ({"prober": "kubeconfig"}, "`prober: kubeconfig`"),
}
