"""The MailDomain: how mail to one domain is protected on its way, and who can strip TLS from it.

It is an assessment of several endpoints and of the DNS, so that it is a record of its own and no Observation. Its JSON
form is in ``docs/reference/mail-domain.schema.json``, written by ``model.mail.mail_domain_json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final

from model.frozen import frozen
from model.observation import Observation
from model.verdict import Fact, Verdict

MAIL_DOMAIN_LABEL: Final = "mail_domain"
"""The label of a target that names the domain whose mail it receives."""
MOST_HOSTS: Final = 20
"""MX hosts of a domain that are examined, those that senders prefer first."""


class TlsStripping(StrEnum):
    """Who on the path can make a sender deliver without TLS, or to another server.

    It holds for senders that apply what the domain publishes; one that ignores it can always be stripped of TLS.
    """

    NO_MAIL = "no_mail"
    """The domain accepts no mail (RFC 7505), or does not exist."""
    NO_ONE = "no_one"
    """DNSSEC authenticates the server's certificate (RFC 7672)."""
    FIRST_CONTACT = "first_contact"
    """An attacker who blocks the policy at a sender's first contact, or until it expires (RFC 8461, section 10)."""
    ANY_CERTIFICATE = "any_certificate"
    """TLS is required, but any certificate is accepted: no TLSA record is usable (RFC 7672, section 2.2)."""
    ANYONE = "anyone"
    """Anyone on the path: nothing obliges a sender to use TLS (RFC 3207, section 6)."""
    NO_TLS = "no_tls"
    """There is nothing to strip: the server does not offer STARTTLS."""
    UNKNOWN = "unknown"


WEAKEST_FIRST: Final = (
    TlsStripping.NO_TLS,
    TlsStripping.ANYONE,
    TlsStripping.ANY_CERTIFICATE,
    TlsStripping.FIRST_CONTACT,
    TlsStripping.NO_ONE,
)
"""What is known, from the weakest to the strongest protection."""


class Rollover(StrEnum):
    """What the TLSA records of a server allow its next certificate to be."""

    SAME_CA = "same_ca"
    """Any certificate of the CA that a record names (usage 2)."""
    SAME_KEY = "same_key"
    """Only a certificate of the same key (usage 3, selector 1)."""
    SAME_CERTIFICATE = "same_certificate"
    """No other certificate (usage 3, selector 0)."""
    OTHER_RECORD = "other_record"
    """Also one that a usable record names which matches nothing served now: the next key, or an outdated one."""
    BROKEN = "broken"
    """No usable record matches what is served now."""


@frozen
class TlsaRecord:
    """One TLSA record (RFC 6698, section 2.1) and what it matches of the served chains.

    ``is_usable`` is whether SMTP clients apply it (RFC 7672, section 3.1). ``matched`` lists the SHA-256 of the served
    certificates that it matches; ``reason`` says why it matches none or is not applied.
    """

    usage: int
    selector: int
    matching_type: int
    data: bytes
    is_usable: bool
    matches: Verdict = Verdict.UNKNOWN
    matched: tuple[str, ...] = ()
    reason: str | None = None


class StsMode(StrEnum):
    """The mode of an MTA-STS policy (RFC 8461, section 5)."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@frozen
class StsPolicy:
    """An MTA-STS policy (RFC 8461, section 3.2); ``max_age`` is in seconds. ``warnings`` are sentences."""

    mode: StsMode
    max_age: int
    mx: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@frozen
class MailHost:
    """One host that receives the domain's mail; ``preference`` is None for the domain itself (RFC 5321, section 5.1).

    ``facts`` by name: ``addresses_dnssec``, ``starttls``, ``tlsa``, ``dane``, ``mta_sts_name``, ``mta_sts_certificate``.
    Those that do not apply are absent. ``reason`` is one sentence on ``stripping``.
    """

    name: str
    preference: int | None
    addresses: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    tlsa: tuple[TlsaRecord, ...] = ()
    rollover: Rollover | None = None
    stripping: TlsStripping = TlsStripping.UNKNOWN
    reason: str = ""
    observations: tuple[Observation, ...] = ()


@frozen
class MailDomain:
    """The assessment of one domain; ``reason`` is one sentence on ``stripping``.

    ``facts`` by name: ``mx``, ``dnssec_validation`` (of the name server that was asked), ``mx_dnssec``,
    ``mta_sts_record``, ``mta_sts_policy``, ``tls_rpt``.
    """

    tool_version: str
    domain: str
    started_at: datetime
    facts: Mapping[str, Fact]
    hosts: tuple[MailHost, ...]
    policy: StsPolicy | None
    stripping: TlsStripping
    reason: str
