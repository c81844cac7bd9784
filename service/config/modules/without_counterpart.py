"""What the modules of blackbox_exporter and ssl_exporter may contain that tlsprobe has no counterpart for.

Such a key is refused, not ignored: otherwise it would be an assertion that is never checked. An empty value
asserts nothing, there as here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from exporters.prometheus.probe_page import Names

_PROBERS: Final = {
    **dict.fromkeys(("icmp", "dns", "grpc", "unix", "websocket"), Names.BLACKBOX_EXPORTER),
    **dict.fromkeys(("file", "http_file", "kubernetes", "kubeconfig"), Names.SSL_EXPORTER),
}
_OF_HTTP: Final = frozenset(
    {
        "authorization",
        "basic_auth",
        "bearer_token",
        "bearer_token_file",
        "body",
        "body_file",
        "body_size_limit",
        "compression",
        "enable_http3",
        "fail_if_body_json_matches_cel",
        "fail_if_body_json_not_matches_cel",
        "fail_if_body_matches_regexp",
        "fail_if_body_not_matches_regexp",
        "fail_if_header_matches",
        "fail_if_header_not_matches",
        "headers",
        "http_headers",
        "no_proxy",
        "oauth2",
        "proxy_connect_header",
        "proxy_from_environment",
        "proxy_url",
        "skip_resolve_phase_with_proxy",
    }
)
_OF_TCP: Final = frozenset({"query_response", "source_ip_address"})
_OF_TLS: Final = frozenset({"ca", "ca_ref", "cert", "cert_ref", "key", "key_ref"})
_HINTS: Final = {
    "ca": "write it to a file, and name that file in `ca_file`",
    "cert": "write it to a file, and name that file in `cert_file`",
    "key": "write it to a file, and name that file in `key_file`",
}


def exporter_of(module: Mapping[str, Any]) -> Names | None:
    """The exporter whose module this is, by its keys; None if it may be either's, with two meanings."""
    if module.get("prober") == "https" or {"tls_config", "target", "https"} & module.keys():
        return Names.SSL_EXPORTER
    tcp = _section(module, "tcp")
    if module.get("prober") == "http" or tcp.keys() - {"starttls"}:
        return Names.BLACKBOX_EXPORTER
    return Names.SSL_EXPORTER if tcp else None


def without_empty(module: Mapping[str, Any]) -> dict[str, Any]:
    """The module without missing values, and without empty ones of keys that tlsprobe does not have."""
    present = {key: value for key, value in module.items() if value is not None}
    for section, foreign in (("http", _OF_HTTP), ("tcp", _OF_TCP)):
        content = _section(present, section)
        if content:
            present[section] = {
                key: value
                for key, value in content.items()
                if value is not None and (value or key not in foreign)
            }
    return present


def refusal(module: Mapping[str, Any]) -> str | None:
    """Why the module cannot move to tlsprobe, with all its reasons; None if it can."""
    prober = str(module.get("prober", ""))
    home = _PROBERS.get(prober)
    if home is not None:
        return (
            f"`prober: {prober}` has no counterpart in tlsprobe: keep this module in {home.value}"
        )
    found = list(_foreign_keys(module))
    if not found:
        return None
    keys = ", ".join(f"`{one}`" for one in found)
    has = "has" if len(found) == 1 else "have"
    fix = _fix(module, found)
    return f"{keys} {has} no counterpart in tlsprobe: {fix}"


def _fix(module: Mapping[str, Any], found: list[str]) -> str:
    home = exporter_of(module) or Names.BLACKBOX_EXPORTER
    keep = f"keep this module in {home.value}"
    if any("starttls" in step for step in _steps(module)):
        return f"{keep}, or replace the dialogue by `tls: true` and `starttls`, for example `starttls: smtp`"
    hints = {_HINTS[key] for one in found if (key := one.rpartition(".")[2]) in _HINTS}
    return f"{', '.join(sorted(hints))}" if len(hints) == len(found) else keep


def _foreign_keys(module: Mapping[str, Any]) -> Iterator[str]:
    """Each key with its section; with its value, if only the value has no counterpart."""
    http, tcp = _section(module, "http"), _section(module, "tcp")
    yield from _present("http", http, _OF_HTTP)
    if str(http.get("method") or "GET") != "GET":
        yield f"http.method: {http['method']}"
    yield from _present("tcp", tcp, _OF_TCP)
    for section in ("https", "kubernetes", "http_file"):
        content = _section(module, section)
        yield from _present(section, content, frozenset(content))
    for prefix, holder in (("", module), ("http.", http), ("tcp.", tcp)):
        tls = _section(holder, "tls_config")
        yield from _present(f"{prefix}tls_config", tls, _OF_TLS)
        if str(tls.get("renegotiation") or "never") != "never":
            yield f"{prefix}tls_config.renegotiation: {tls['renegotiation']}"


def _present(section: str, content: Mapping[str, Any], keys: frozenset[str]) -> Iterator[str]:
    yield from (f"{section}.{key}" for key in content if key in keys and content[key])


def _steps(module: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    steps = _section(module, "tcp").get("query_response") or []
    return [one for one in steps if isinstance(one, Mapping)] if isinstance(steps, list) else []


def _section(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section; empty if it is missing, or not a mapping, which pydantic reports."""
    content = holder.get(name)
    return content if isinstance(content, Mapping) else {}
