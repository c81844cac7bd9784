"""Remarks on service without TLS, and on what a web server says about HTTPS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.terminal.remarks.remark import Remark
from model.findings.finding import Severity
from model.observation import Observation
from model.verdict import Verdict

_HTTPS_REDIRECT: Final = "TP-HTTPS-001"
_HSTS: Final = "TP-HTTPS-002"
_NO_PLAINTEXT: Final = "TP-PLAINTEXT-001"
_NO_PLAINTEXT_LOGIN: Final = "TP-PLAINTEXT-004"


def web_remarks(observation: Observation) -> Iterator[Remark]:
    """Service without TLS, redirects and HSTS. HTTP that only redirects to HTTPS is not a problem."""
    yield from _plaintext_remarks(observation)
    login = observation.plaintext.get("login_before_tls")
    if login is not None and login.verdict is Verdict.YES:
        yield Remark(
            severity=Severity.HIGH,
            text="login is offered in plaintext, before TLS",
            fix="offer logins only after TLS has begun",
            rules=frozenset({_NO_PLAINTEXT_LOGIN}),
        )
    downgrade = observation.http.get("redirect_downgrade")
    if downgrade is not None and downgrade.verdict is Verdict.YES:
        yield Remark(
            severity=Severity.HIGH,
            text=f"HTTPS redirects to plain HTTP ({downgrade.value})",
            fix="redirect to an https:// URL",
            rules=frozenset({_HTTPS_REDIRECT}),
        )
    hsts = observation.http.get("hsts")
    if hsts is not None and hsts.verdict is Verdict.NO:
        yield Remark(
            severity=Severity.LOW,
            text="the web server does not send Strict-Transport-Security (HSTS)",
            fix="send Strict-Transport-Security: max-age=63072000 over HTTPS",
            rules=frozenset({_HSTS}),
        )


def _plaintext_remarks(observation: Observation) -> Iterator[Remark]:
    redirects = observation.http.get("redirects_to_https")
    leads_on = redirects is not None and redirects.verdict is Verdict.YES
    answers = observation.plaintext.get("answers_in_plaintext")
    if answers is None or answers.verdict is not Verdict.YES or leads_on:
        return
    where = f" ({answers.value})" if answers.value else ""
    is_http = redirects is not None and redirects.verdict is Verdict.NO
    lack = ", and does not redirect to HTTPS" if is_http else ""
    lack += f" ({redirects.value})" if is_http and redirects and redirects.value else ""
    offered = observation.plaintext.get("starttls_offered")
    # Mail between servers is opportunistic by design (RFC 7435): clients may do without TLS.
    is_choice = offered is not None and offered.verdict is Verdict.YES
    yield Remark(
        severity=Severity.MEDIUM if is_choice else Severity.HIGH,
        text=f"the service also answers without TLS{where}{lack}",
        fix="redirect HTTP to HTTPS, or close the port" if is_http else "require TLS",
        rules=frozenset({_NO_PLAINTEXT, _HTTPS_REDIRECT}),
    )
