"""Served chains of every kind, each with its expected results, written by hand.

They are compared with our trust verdict, with our problems, and with OpenSSL's command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, mldsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from model.certificates.certificate import Problem
from tests.pki.certificates.making import (
    DAY,
    NOW,
    SERVER_NAME,
    SERVER_NAMES,
    Made,
    dsa_key,
    make,
    name,
)

CLIENT_AUTH, SERVER_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A chain as sent, leaf first, the store's anchors, and the expected results.

    ``reason`` is why the chain is not trusted; None if it is. ``server_name`` is the requested name,
    ``staple`` an OCSP response that the server sends with it.
    """

    sent: tuple[Made, ...]
    anchors: tuple[Made, ...]
    problems: tuple[Problem, ...] = ()
    reason: str | None = None
    server_name: str = SERVER_NAME
    staple: bytes | None = None


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def make_scenarios() -> Mapping[str, Scenario]:
    """All scenarios by their names."""
    return {**_orders(), **_times(), **_roots(), **_faults(), **_keys()}


ROOT = make("root", is_ca=True)
UPPER = make("upper", issuer=ROOT, is_ca=True)
LOWER = make("lower", issuer=UPPER, is_ca=True, path_length=0)
LEAF = make("server", issuer=LOWER, names=SERVER_NAMES)
STRANGER = make("stranger", is_ca=True)


def _orders() -> dict[str, Scenario]:
    missing = "CN=lower was not sent and is not in the store."
    return {
        "sound": Scenario(sent=(LEAF, LOWER, UPPER), anchors=(ROOT,)),
        "intermediate is an anchor": Scenario(sent=(LEAF, LOWER), anchors=(UPPER,)),
        "leaf is an anchor": Scenario(sent=(LEAF,), anchors=(LEAF,)),
        "no intermediate": Scenario(
            sent=(LEAF,), anchors=(ROOT,), problems=(Problem.INCOMPLETE,), reason=missing
        ),
        "lower is missing": Scenario(
            sent=(LEAF, UPPER),
            anchors=(ROOT,),
            problems=(Problem.INCOMPLETE, Problem.SURPLUS),
            reason=missing,
        ),
        "upper is missing": Scenario(
            sent=(LEAF, LOWER),
            anchors=(ROOT,),
            problems=(Problem.INCOMPLETE,),
            reason="CN=upper was not sent and is not in the store.",
        ),
        "wrong order": Scenario(
            sent=(LEAF, UPPER, LOWER), anchors=(ROOT,), problems=(Problem.MISORDERED,)
        ),
        "leaf last": Scenario(
            sent=(LOWER, UPPER, LEAF), anchors=(ROOT,), problems=(Problem.MISORDERED,)
        ),
        "stranger between": Scenario(
            sent=(LEAF, make("other", issuer=STRANGER), LOWER, UPPER),
            anchors=(ROOT,),
            problems=(Problem.SURPLUS,),
        ),
        "intermediate twice": Scenario(
            sent=(LEAF, LOWER, LOWER, UPPER), anchors=(ROOT,), problems=(Problem.SURPLUS,)
        ),
    }


def _times() -> dict[str, Scenario]:
    old_lower = make("old lower", issuer=UPPER, is_ca=True, valid_to=NOW - DAY)
    late_root = make("late root", is_ca=True, valid_to=NOW - DAY)
    return {
        "expired": Scenario(
            sent=(
                make("server", issuer=LOWER, names=SERVER_NAMES, valid_to=NOW - DAY),
                LOWER,
                UPPER,
            ),
            anchors=(ROOT,),
            problems=(Problem.EXPIRED,),
            reason="CN=server has expired.",
        ),
        "expired intermediate": Scenario(
            sent=(make("server", issuer=old_lower, names=SERVER_NAMES), old_lower, UPPER),
            anchors=(ROOT,),
            problems=(Problem.EXPIRED,),
            reason="CN=old lower has expired.",
        ),
        "expired anchor": Scenario(
            sent=(make("server", issuer=late_root, names=SERVER_NAMES),),
            anchors=(late_root,),
            problems=(Problem.OTHER,),
            reason="CN=late root has expired.",
        ),
        "not yet valid": Scenario(
            sent=(
                make("server", issuer=LOWER, names=SERVER_NAMES, valid_from=NOW + DAY),
                LOWER,
                UPPER,
            ),
            anchors=(ROOT,),
            problems=(Problem.NOT_YET_VALID,),
            reason="CN=server is not valid yet.",
        ),
    }


def _roots() -> dict[str, Scenario]:
    self_signed = make("server", names=SERVER_NAMES)
    # Root X, in no store, once cross-signed by ROOT and once by itself.
    crossed_root = make("crossed", is_ca=True)
    crossed = make("crossed", issuer=ROOT, is_ca=True, private_key=crossed_root.key)
    leaf = make("server", issuer=crossed, names=SERVER_NAMES)
    expired_root = make(
        "root", issuer=STRANGER, is_ca=True, private_key=ROOT.key, valid_to=NOW - DAY
    )
    weak_root = make("weak root", is_ca=True, private_key=ec.generate_private_key(ec.SECP192R1()))
    by_weak_root = make("root", issuer=weak_root, is_ca=True, private_key=ROOT.key)
    expired_cross = make(
        "crossed", issuer=STRANGER, is_ca=True, private_key=crossed_root.key, valid_to=NOW - DAY
    )
    return {
        "root sent": Scenario(
            sent=(LEAF, LOWER, UPPER, ROOT), anchors=(ROOT,), problems=(Problem.CONTAINS_ROOT,)
        ),
        "root sent first": Scenario(
            sent=(LEAF, ROOT, LOWER, UPPER),
            anchors=(ROOT,),
            problems=(Problem.MISORDERED, Problem.CONTAINS_ROOT),
        ),
        "foreign root sent": Scenario(
            sent=(LEAF, LOWER, UPPER, STRANGER),
            anchors=(ROOT,),
            problems=(Problem.SURPLUS, Problem.CONTAINS_ROOT),
        ),
        "unknown root sent": Scenario(
            sent=(LEAF, LOWER, UPPER, ROOT),
            anchors=(STRANGER,),
            problems=(Problem.CONTAINS_ROOT, Problem.UNKNOWN_CA),
            reason="The chain ends in CN=root, which is not in the store.",
        ),
        "unknown root not sent": Scenario(
            sent=(LEAF, LOWER, UPPER),
            anchors=(STRANGER,),
            problems=(Problem.INCOMPLETE,),
            reason="CN=root was not sent and is not in the store.",
        ),
        "self-signed": Scenario(
            sent=(self_signed,),
            anchors=(ROOT,),
            problems=(Problem.SELF_SIGNED,),
            reason="CN=server is self-signed and not in the store.",
        ),
        "self-signed and pinned": Scenario(sent=(self_signed,), anchors=(self_signed,)),
        "cross-signed": Scenario(sent=(leaf, crossed), anchors=(ROOT,)),
        "cross-signed both ways": Scenario(
            sent=(leaf, crossed, crossed_root), anchors=(ROOT,), problems=(Problem.CONTAINS_ROOT,)
        ),
        "expired cross-sign of an anchor": Scenario(
            sent=(leaf, expired_cross), anchors=(crossed_root,), problems=(Problem.SURPLUS,)
        ),
        "expired cross-sign of an anchor, before the intermediate": Scenario(
            sent=(LEAF, expired_root, LOWER, UPPER), anchors=(ROOT,), problems=(Problem.SURPLUS,)
        ),
        "expired cross-sign that is needed": Scenario(
            sent=(leaf, expired_cross),
            anchors=(STRANGER,),
            problems=(Problem.EXPIRED,),
            reason="CN=crossed has expired.",
        ),
        "cross-sign of an anchor by a weak key": Scenario(
            sent=(LEAF, LOWER, UPPER, by_weak_root, weak_root),
            anchors=(ROOT,),
            problems=(Problem.CONTAINS_ROOT,),
        ),
    }


def _faults() -> dict[str, Scenario]:
    no_ca = make("no CA", issuer=ROOT)
    too_deep = make("too deep", issuer=LOWER, is_ca=True)
    impostor = make("plain root", is_ca=True, key_identifiers=False)
    plain_root = make("plain root", is_ca=True, key_identifiers=False)
    limited = make(
        "limited",
        issuer=ROOT,
        is_ca=True,
        extensions=(
            x509.NameConstraints(
                permitted_subtrees=[x509.DNSName("other.test")], excluded_subtrees=None
            ),
        ),
    )
    client_ca = make("client CA", issuer=ROOT, is_ca=True, purposes=(CLIENT_AUTH,))

    def leaf(
        issuer: Made,
        purposes: tuple[x509.ObjectIdentifier, ...] = (),
        extensions: tuple[x509.ExtensionType, ...] = (),
    ) -> Made:
        return make(
            "server", issuer=issuer, names=SERVER_NAMES, purposes=purposes, extensions=extensions
        )

    def faulty(sent: tuple[Made, ...], reason: str, anchor: Made = ROOT) -> Scenario:
        return Scenario(sent=sent, anchors=(anchor,), problems=(Problem.OTHER,), reason=reason)

    return {
        "for servers": Scenario(
            sent=(leaf(LOWER, (CLIENT_AUTH, SERVER_AUTH)), LOWER, UPPER), anchors=(ROOT,)
        ),
        "may sign": Scenario(
            sent=(leaf(LOWER, extensions=(_usage(signs=True),)), LOWER, UPPER), anchors=(ROOT,)
        ),
        "for clients": faulty(
            (leaf(LOWER, (CLIENT_AUTH,)), LOWER, UPPER),
            "CN=server may not be used for TLS servers.",
        ),
        "CA for clients": faulty(
            (leaf(client_ca), client_ca), "CN=client CA may not be used for TLS servers."
        ),
        "may not sign": faulty(
            (leaf(LOWER, extensions=(_usage(signs=False),)), LOWER, UPPER),
            "The leaf's key usage does not permit TLS server authentication.",
        ),
        "issuer is not a CA": faulty(
            (leaf(no_ca), no_ca), "CN=no CA issued a certificate but is not a CA."
        ),
        "path too long": faulty(
            (leaf(too_deep), too_deep, LOWER, UPPER),
            "CN=lower allows fewer CAs below it than the chain has.",
        ),
        "signed by an impostor": faulty(
            (leaf(impostor),),
            "The signature on CN=server is not by CN=plain root.",
            plain_root,
        ),
        "outside the name constraints": faulty(
            (leaf(limited), limited),
            "CN=server does not verify: permitted subtree violation.",
        ),
    }


def _keys() -> dict[str, Scenario]:
    def sound(
        private_key: dsa.DSAPrivateKey | ed448.Ed448PrivateKey | ec.EllipticCurvePrivateKey,
    ) -> Made:
        return make("server", issuer=ROOT, names=SERVER_NAMES, private_key=private_key)

    named_otherwise = make("server", issuer=ROOT, issuer_name=name("ROOT  "), names=SERVER_NAMES)
    return {
        "dsa": Scenario(
            sent=(sound(dsa_key()),),
            anchors=(ROOT,),
            problems=(Problem.WEAK_KEY,),
        ),
        "small curve": Scenario(
            sent=(sound(ec.generate_private_key(ec.SECP192R1())),),
            anchors=(ROOT,),
            problems=(Problem.WEAK_KEY,),
        ),
        "ed448": Scenario(sent=(sound(ed448.Ed448PrivateKey.generate()),), anchors=(ROOT,)),
        "issuer in other letters": Scenario(sent=(named_otherwise,), anchors=(ROOT,)),
    }


POST_QUANTUM_ROOT = make("post-quantum", is_ca=True, private_key=mldsa.MLDSA65PrivateKey.generate())
POST_QUANTUM = Scenario(
    sent=(make("server", issuer=POST_QUANTUM_ROOT, names=SERVER_NAMES),),
    anchors=(POST_QUANTUM_ROOT,),
)
"""Separate from the others, because Debian's OpenSSL 3.0 cannot judge it."""

SCENARIOS = make_scenarios()
