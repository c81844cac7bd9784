"""The truth about a server that uses Debian's OpenSSL, from the settings that it gives to OpenSSL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from tests.zoo.certificates import Certificates, Identity
from tests.zoo.choice import Choice
from tests.zoo.key_exchanges import (
    KeyExchanges,
    automatic_fields,
    curves_and_fields,
    signatures,
)
from tests.zoo.openssl_words import (
    GROUP_PREFERENCE,
    TLS13_GROUPS,
    TLS13_SUITES,
    signature_schemes,
    suites,
)
from tests.zoo.truth import Truth

_TLS12_AND_13 = (ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3)


def only_rsa(certificates: Certificates) -> tuple[Identity, ...]:
    """The identities of a server with one key."""
    return (certificates.rsa,)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpensslSettings:
    """The defaults are those of OpenSSL's library, as Debian builds it, with one RSA key.

    Debian's library has the security level 2, at which OpenSSL 3.0 speaks no version before TLS 1.2
    (SSL_CTX_set_security_level(3)). ``fields`` are the names of the primes of DHE, None for one without a name;
    ``has_automatic_fields`` is whether the server calls SSL_CTX_set_dh_auto(3).
    """

    ciphers: str = "DEFAULT"
    preference: Preference = Preference.CLIENT
    identities: Callable[[Certificates], tuple[Identity, ...]] = only_rsa
    versions: tuple[ProtocolVersion, ...] = _TLS12_AND_13
    groups: tuple[str, ...] = TLS13_GROUPS
    fields: frozenset[str] = frozenset()
    has_automatic_fields: bool = False
    client_auth: ClientAuthMode = ClientAuthMode.NONE
    verifies_clients: Verdict | None = None
    ca_names: tuple[str, ...] = ()
    alpn: frozenset[str] = frozenset()
    plaintext: Mapping[str, Verdict] | None = None

    def truth(self, certificates: Certificates) -> Truth:
        """What these settings say about every fact."""
        keys = self.identities(certificates)
        accepted = self._suites(keys)
        has_tls13 = ProtocolVersion.TLSV1_3 in self.versions
        fields = (
            automatic_fields(accepted, security_level=2)
            if self.has_automatic_fields
            else self.fields
        )
        return Truth(
            cipher_suites=accepted,
            groups=Choice.of(self.groups, GROUP_PREFERENCE) if has_tls13 else None,
            chains={identity.key_type: identity.chain for identity in keys},
            client_auth=self.client_auth,
            verifies_clients=self.verifies_clients,
            ca_names=self.ca_names,
            key_exchanges=KeyExchanges(
                groups=curves_and_fields(accepted, self.groups, preference=self.preference),
                fields=fields,
                schemes=signatures(
                    accepted,
                    [one.key_type for one in keys],
                    signature_schemes(self.ciphers),
                    self.preference,
                ),
            ),
            alpn=self.alpn,
            plaintext=self.plaintext,
        )

    def _suites(self, keys: tuple[Identity, ...]) -> Mapping[ProtocolVersion, Choice]:
        return suites(
            tuple(one for one in self.versions if one < ProtocolVersion.TLSV1_3),
            self.ciphers,
            authentication=frozenset(str(one.key_type).upper() for one in keys),
            preference=self.preference,
            with_dhe=self.has_automatic_fields or bool(self.fields),
            tls13=TLS13_SUITES if ProtocolVersion.TLSV1_3 in self.versions else (),
        )
