"""An OpenSSL context from the section ``tls_server_config`` of a web configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.bindings.openssl.binding import Binding
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto

from policy.files.yaml_file import ConfigError
from probe.connect.openssl.contexts import set_list
from service.config.web_config.go_names import GO_GROUPS, openssl_suites_below_tls13
from service.config.web_config.tls_server_config import REQUIRING, TlsServerConfig
from service.http.tls.client_certificate import alternative_names
from service.http.tls.stream import TlsError

_VERSIONS: Final = {"TLS12": SSL.TLS1_2_VERSION, "TLS13": SSL.TLS1_3_VERSION}
_SESSION_CONTEXT: Final = b"tlsprobe"
_HTTP: Final = b"http/1.1"
_KEYS: Final = (
    rsa.RSAPrivateKey,
    ec.EllipticCurvePrivateKey,
    ed25519.Ed25519PrivateKey,
    ed448.Ed448PrivateKey,
)

_Verify = Callable[[SSL.Connection, crypto.X509, int, int, int], bool]


def server_context(config: TlsServerConfig) -> SSL.Context:
    """The context for connections of clients.

    Raises:
        ConfigError: if a file cannot be used; the message names it.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(_lowest_version(config))
    context.set_max_proto_version(_VERSIONS[config.max_version])
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(_SESSION_CONTEXT)
    if config.prefer_server_cipher_suites:
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    if suites := openssl_suites_below_tls13(config.cipher_suites):
        context.set_cipher_list(suites.encode())
    groups = ":".join(GO_GROUPS[name] for name in config.curve_preferences)
    set_list(Binding().lib.SSL_CTX_set1_curves_list, context, groups.encode())
    context.set_alpn_select_callback(_only_http_1_1)
    _use_pair(context, config)
    _use_clients(context, config)
    return context


def _lowest_version(config: TlsServerConfig) -> int:
    has_suites = bool(openssl_suites_below_tls13(config.cipher_suites))
    return _VERSIONS[config.min_version] if has_suites else SSL.TLS1_3_VERSION


def _only_http_1_1(_: SSL.Connection, offered: list[bytes]) -> bytes:
    """A client that offers other protocols only is refused (RFC 7301 section 3.2)."""
    if _HTTP not in offered:
        raise TlsError("the client does not speak HTTP/1.1")
    return _HTTP


def _use_pair(context: SSL.Context, config: TlsServerConfig) -> None:
    place, pem = _pem(config.cert_file, config.cert, "cert")
    leaf, *issuers = _certificates(place, pem)
    context.use_certificate(leaf)
    for issuer in issuers:
        context.add_extra_chain_cert(issuer)
    place, pem = _pem(config.key_file, config.key, "key")
    try:
        key = load_pem_private_key(pem, None)
        if not isinstance(key, _KEYS):
            raise TypeError(type(key).__name__)
        context.use_privatekey(key)
        context.check_privatekey()
    except SSL.Error as error:
        raise ConfigError(
            f"{place}: is not the key of the certificate: use the pair that was created together"
        ) from error
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{place}: is not an unencrypted RSA, ECDSA or EdDSA key in PEM: export it with `openssl pkey`"
        ) from error


def _use_clients(context: SSL.Context, config: TlsServerConfig) -> None:
    if config.client_auth_type == "NoClientCert":
        return
    mode = SSL.VERIFY_PEER
    if config.client_auth_type in REQUIRING:
        mode |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
    context.set_verify(mode, _verifier(config))
    if config.has_client_ca:
        place, pem = _pem(config.client_ca_file, config.client_ca, "client_ca")
        store = context.get_cert_store()
        assert store is not None  # noqa: S101 (a new context has one)
        for authority in _certificates(place, pem):
            store.add_cert(crypto.X509.from_cryptography(authority))
            context.add_client_ca(authority)


def _verifier(config: TlsServerConfig) -> _Verify:
    """Decides on each certificate of a client's chain; the last is the client's own, at depth 0."""
    allowed = frozenset(config.client_allowed_sans)

    def verify(_: SSL.Connection, shown: crypto.X509, __: int, depth: int, is_valid: int) -> bool:
        if config.verifies_clients and not is_valid:
            return False
        return depth > 0 or not allowed or not allowed.isdisjoint(_names(shown))

    return verify


def _names(certificate: crypto.X509) -> tuple[str, ...]:
    return alternative_names(certificate.to_cryptography())


def _pem(file: Path | None, text: str | None, name: str) -> tuple[str, bytes]:
    """Where the PEM is, and the PEM."""
    if file is None:
        return f"tls_server_config.{name}", (text or "").encode()
    try:
        return str(file), file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read ({error.strerror}): use a file that exists and that this user "
            "can read"
        ) from error


def _certificates(place: str, pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise ConfigError(f"{place}: has no certificate in PEM: use another file") from error
