"""The demo's six servers: the name, the owner's labels, and the one property or fault of each.

One entry of ``RECIPES`` is one server. The settings are OpenSSL's; tests/demo checks them with clients
other than tlsprobe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from OpenSSL.crypto import X509

from model.frozen import frozen
from service.demo.authority import DemoAuthority, Issued, KeyType

_MODERN_SUITES: Final = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
# OpenSSL supports TLS 1.0 and 1.1 only at security level 0: their signatures use SHA-1.
_LEGACY_SUITES: Final = (
    "ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:AES256-SHA:AES128-SHA:"
    "CAMELLIA128-SHA:SEED-SHA:@SECLEVEL=0"
)


@frozen
class Recipe:
    """One server of the fleet."""

    name: str
    says: str
    labels: Mapping[str, str]
    min_version: int = SSL.TLS1_2_VERSION
    max_version: int = SSL.TLS1_3_VERSION
    cipher_list: str = _MODERN_SUITES
    prefers_own_suites: bool = True
    key_types: tuple[KeyType, ...] = ("ecdsa",)
    days_left: int = 60
    sends_intermediate: bool = True
    requires_client_certificate: bool = False
    # OpenSSL's default groups begin with X25519MLKEM768 since 3.5; old servers support only one group.
    has_only_p256: bool = True

    @property
    def server_name(self) -> str:
        """The server's name, in the domain that RFC 6761 reserves for tests."""
        return f"{self.name}.demo.test"


RECIPES: Final[tuple[Recipe, ...]] = (
    Recipe(
        name="modern",
        says="TLS 1.2 and 1.3, ECDHE and AEAD only, a full chain: only policies find something.",
        labels={"team": "web", "env": "production"},
        key_types=("ecdsa", "rsa"),
        has_only_p256=False,
    ),
    Recipe(
        name="legacy",
        says="TLS 1.0 to 1.2 with CBC suites, some without forward secrecy.",
        labels={"team": "payments", "env": "production"},
        min_version=SSL.TLS1_VERSION,
        max_version=SSL.TLS1_2_VERSION,
        cipher_list=_LEGACY_SUITES,
        prefers_own_suites=False,
        key_types=("rsa",),
        days_left=12,
    ),
    Recipe(
        name="expired",
        says="Certificate expired three days ago.",
        labels={"team": "web", "env": "staging"},
        days_left=-3,
    ),
    Recipe(
        name="incomplete",
        says="Does not send the intermediate certificate.",
        labels={"team": "data", "env": "production"},
        sends_intermediate=False,
    ),
    Recipe(
        name="mtls",
        says="Requires a client certificate.",
        labels={"team": "platform", "env": "production"},
        requires_client_certificate=True,
    ),
    Recipe(
        name="pq",
        says="TLS 1.3 only, with the post-quantum group X25519MLKEM768 first.",
        labels={"team": "platform", "env": "staging"},
        min_version=SSL.TLS1_3_VERSION,
        has_only_p256=False,
    ),
)


def issue(recipe: Recipe, authority: DemoAuthority) -> tuple[Issued, ...]:
    """The certificates of ``recipe``'s server, one for each of its key types."""
    return tuple(
        authority.server(recipe.server_name, key_type, recipe.days_left)
        for key_type in recipe.key_types
    )


def make_context(recipe: Recipe, authority: DemoAuthority, leaves: Sequence[Issued]) -> SSL.Context:
    """The OpenSSL settings of ``recipe``'s server, with these certificates, which ``authority`` has issued."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(recipe.min_version)
    context.set_max_proto_version(recipe.max_version)
    context.set_cipher_list(recipe.cipher_list.encode("ascii"))
    if recipe.prefers_own_suites:
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    # A server without a session ID context refuses a client that resumes with a ticket.
    context.set_session_id(recipe.name.encode("ascii"))
    if recipe.has_only_p256:
        context.set_tmp_ecdh(ec.SECP256R1())
    for leaf in leaves:
        context.use_certificate(leaf.certificate)
        context.use_privatekey(leaf.private_key)
    if recipe.sends_intermediate:
        context.add_extra_chain_cert(authority.intermediate.certificate)
    if recipe.requires_client_certificate:
        _require_client_certificate(context, authority)
    return context


def _require_client_certificate(context: SSL.Context, authority: DemoAuthority) -> None:
    trusted = context.get_cert_store()
    if trusted is None:
        raise RuntimeError("OpenSSL gave a context without a certificate store")
    trusted.add_cert(X509.from_cryptography(authority.root.certificate))
    context.add_client_ca(authority.root.certificate)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
