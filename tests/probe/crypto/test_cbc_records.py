"""Handmade records of CBC suites: OpenSSL reads the correct ones and refuses the damaged ones."""

from __future__ import annotations

from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES
from probe.crypto.cbc_records import Secrets, application_data
from tests.zoo.certificates import Certificates

pytestmark = pytest.mark.slow

VERSIONS = {
    ProtocolVersion.TLSV1_0: SSL.TLS1_VERSION,
    ProtocolVersion.TLSV1_1: SSL.TLS1_1_VERSION,
    ProtocolVersion.TLSV1_2: SSL.TLS1_2_VERSION,
}
SUITES = {
    suite.openssl_name: suite
    for suite in CIPHER_SUITES
    if suite.openssl_name
    in {"AES128-SHA", "AES256-SHA", "AES128-SHA256", "ECDHE-RSA-AES256-SHA384"}
}
NO_ENCRYPT_THEN_MAC = 0x80000
BAD_RECORD_MAC = "bad record mac"


def connection(context: SSL.Context, version: int, name: str) -> SSL.Connection:
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.set_cipher_list(f"{name}:@SECLEVEL=0".encode("ascii"))
    context.set_options(NO_ENCRYPT_THEN_MAC)
    return SSL.Connection(context, None)


class Pair:
    """A client and a server that have finished their handshake in memory."""

    def __init__(self, version: ProtocolVersion, name: str, certificates: Certificates) -> None:
        identity = certificates.rsa
        server_context = SSL.Context(SSL.TLS_SERVER_METHOD)
        server_context.use_certificate(
            x509.load_pem_x509_certificate(identity.chain_file.read_bytes())
        )
        key = serialization.load_pem_private_key(identity.key_file.read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        server_context.use_privatekey(key)
        self.server = connection(server_context, VERSIONS[version], name)
        self.client = connection(SSL.Context(SSL.TLS_CLIENT_METHOD), VERSIONS[version], name)
        self.server.set_accept_state()
        self.client.set_connect_state()
        sent = b""
        for speaker, hearer in 2 * [(self.client, self.server), (self.server, self.client)]:
            with suppress(SSL.WantReadError):
                speaker.do_handshake()
            outgoing = speaker.bio_read(65536)
            sent = outgoing if speaker is self.client else sent
            hearer.bio_write(outgoing)
        self.client.do_handshake()
        secrets = (
            self.client.master_key(),
            self.client.client_random(),
            self.client.server_random(),
        )
        main_secret, client_random, server_random = secrets
        assert main_secret
        assert client_random
        assert server_random
        self.secrets = Secrets(
            version=version,
            suite=SUITES[name],
            main_secret=main_secret,
            client_random=client_random,
            server_random=server_random,
            last_block=sent[-16:],
        )

    def server_reads(self, record: bytes) -> bytes:
        self.server.bio_write(record)
        return self.server.recv(65536)


def suites_of(version: ProtocolVersion) -> list[str]:
    return [name for name, suite in SUITES.items() if suite.min_version <= version]


CASES = [(version, name) for version in VERSIONS for name in suites_of(version)]


@pytest.mark.parametrize(("version", "name"), CASES)
def test_a_valid_record_is_read_and_each_corrupted_one_refused(
    version: ProtocolVersion, name: str, certificates: Certificates
) -> None:
    pair = Pair(version, name, certificates)
    content = b"a question"
    assert pair.server_reads(application_data(content, pair.secrets)) == content
    for spoils in ({"spoils_padding": True}, {"spoils_mac": True}):
        pair = Pair(version, name, certificates)
        with pytest.raises(SSL.Error, match=BAD_RECORD_MAC):
            pair.server_reads(application_data(content, pair.secrets, **spoils))


@given(content=st.binary(min_size=1, max_size=300))
def test_any_content_is_delivered_unchanged(content: bytes, certificates: Certificates) -> None:
    pair = Pair(ProtocolVersion.TLSV1_2, "AES128-SHA256", certificates)
    assert pair.server_reads(application_data(content, pair.secrets)) == content
