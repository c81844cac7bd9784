"""The CA's signature in host certificates of ssh-keygen is verified; a changed certificate is not signed."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.verdict import Verdict
from probe.crypto.ssh.certificate_signature import check_ca_signature
from probe.ssh.host_key import HostCertificate, decode_host_key
from probe.ssh.messages import string
from tests.probe.ssh.servers import Keys, fingerprint, keygen

AUTHORITIES = {
    "ed25519": (("-t", "ed25519"), "ssh-ed25519", "ssh-ed25519"),
    "ecdsa-256": (("-t", "ecdsa", "-b", "256"), "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
    "ecdsa-384": (("-t", "ecdsa", "-b", "384"), "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"),
    "ecdsa-521": (("-t", "ecdsa", "-b", "521"), "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"),
    "rsa": (("-t", "rsa", "-b", "2048"), "ssh-rsa", "rsa-sha2-512"),
    "rsa-sha2-256": (("-t", "rsa", "-b", "2048"), "ssh-rsa", "rsa-sha2-256"),
    "rsa-sha1": (("-t", "rsa", "-b", "2048"), "ssh-rsa", "ssh-rsa"),
}
"""The arguments that make the CA's key, the type of the key, and the algorithm of its signatures."""


def certified(directory: Path, name: str) -> bytes:
    """A host certificate for a new key, by a new CA of this kind."""
    arguments, _, algorithm = AUTHORITIES[name]
    key = Keys(directory=directory).make("ed25519")
    authority = directory / "authority"
    keygen("-q", *arguments, "-N", "", "-f", str(authority))
    which = ("-t", algorithm) if name.startswith("rsa") else ()
    host = ("-h", "-I", "host", "-n", "ssh.example")
    keygen("-q", "-s", str(authority), *which, *host, f"{key}.pub")
    return b64decode(Path(f"{key}-cert.pub").read_text().split()[1])


def certificate_in(blob: bytes) -> HostCertificate:
    found = decode_host_key(blob).certificate
    assert found is not None
    return found


@pytest.mark.integration
@pytest.mark.parametrize("name", AUTHORITIES)
def test_the_signature_of_each_kind_of_ca_matches(name: str, tmp_path: Path) -> None:
    _, key_type, algorithm = AUTHORITIES[name]
    found = check_ca_signature(certificate_in(certified(tmp_path, name)))
    wanted = f"{key_type} {fingerprint(tmp_path / 'authority')}, {algorithm}"
    assert (found.verdict, found.authority) == (Verdict.YES, wanted)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["ed25519", "ecdsa-384", "rsa"])
@pytest.mark.parametrize("changed", [b"ssh.example", b"host"])
def test_a_changed_certificate_is_not_signed(name: str, changed: bytes, tmp_path: Path) -> None:
    blob = certified(tmp_path, name)
    assert blob.count(string(changed)) == 1
    other = blob.replace(string(changed), string(changed[:-1] + b"X"))
    assert check_ca_signature(certificate_in(other)).verdict is Verdict.NO


@pytest.mark.integration
def test_what_cannot_be_verified_is_unknown(tmp_path: Path) -> None:
    certificate = certificate_in(certified(tmp_path, "ed25519"))
    hardware = string(b"sk-ssh-ed25519@openssh.com") + string(bytes(32)) + string(b"ssh:")
    for case, words in (
        (replace(certificate, authority=hardware), "sk-ssh-ed25519@openssh.com SHA256:"),
        (replace(certificate, signature=string(b"new") + string(b"x")), "ssh-ed25519 256 SHA256:"),
        (replace(certificate, authority=b""), "malformed SHA256:"),
    ):
        found = check_ca_signature(case)
        assert found.verdict is Verdict.UNKNOWN, found
        assert found.authority.startswith(words)


@pytest.mark.integration
def test_a_malformed_signature_and_a_certified_ca_are_not_valid(tmp_path: Path) -> None:
    blob = certified(tmp_path, "ed25519")
    certificate = certificate_in(blob)
    for case in (replace(certificate, signature=b"\xff"), replace(certificate, authority=blob)):
        assert check_ca_signature(case).verdict is Verdict.NO


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=100))
def test_no_bytes_are_signed_by_chance(authority: bytes, signature: bytes, signed: bytes) -> None:
    empty = string(b"id") + string(b"") + bytes(16) + string(b"") * 3 + string(b"") * 2
    head = string(b"ssh-ed25519-cert-v01@openssh.com") + string(b"nonce") + string(bytes(32))
    certificate = certificate_in(head + bytes(8) + b"\x00\x00\x00\x02" + empty)
    names = (b"ssh-ed25519", b"ecdsa-sha2-nistp256", b"ssh-rsa", b"ssh-dss")
    for key in (authority, *(string(name) + authority for name in names)):
        for proof in (signature, *(string(name) + string(signature) for name in names)):
            case = replace(certificate, authority=key, signature=proof, signed=signed)
            assert check_ca_signature(case).verdict is not Verdict.YES
