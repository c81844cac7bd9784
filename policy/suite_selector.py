"""Selects cipher suites for a policy, by name or by their properties.

A suite must match every given property, and any one item of a list. SSL 2.0's cipher kinds have fewer
properties: they have no forward secrecy and no authenticated encryption, and are insecure.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from model.registry import CIPHER_SUITES, SSLV2_CIPHER_KINDS, CipherSuite, Strength
from policy.rule import Parameters
from policy.values import SuiteName, one_of, schema_of

_KEY_EXCHANGES: Final = tuple(sorted({suite.key_exchange for suite in CIPHER_SUITES}))
_AUTHENTICATIONS: Final = tuple(sorted({suite.authentication for suite in CIPHER_SUITES}))
_ENCRYPTIONS: Final = tuple(sorted({suite.encryption for suite in CIPHER_SUITES}))
_MODES: Final = tuple(sorted({suite.mode for suite in CIPHER_SUITES if suite.mode}))
_MACS: Final = tuple(sorted({suite.mac for suite in CIPHER_SUITES}))

_KeyExchange = Annotated[
    str, AfterValidator(one_of("key exchange", _KEY_EXCHANGES)), schema_of(_KEY_EXCHANGES)
]
_Authentication = Annotated[
    str, AfterValidator(one_of("authentication", _AUTHENTICATIONS)), schema_of(_AUTHENTICATIONS)
]
_Encryption = Annotated[
    str, AfterValidator(one_of("encryption", _ENCRYPTIONS)), schema_of(_ENCRYPTIONS)
]
_Mode = Annotated[str, AfterValidator(one_of("mode", _MODES)), schema_of(_MODES)]
_Mac = Annotated[str, AfterValidator(one_of("MAC", _MACS)), schema_of(_MACS)]


class SuiteSelector(Parameters):
    """The suites that fit every property given; ``bits_below`` is of the encryption's key."""

    suites: tuple[SuiteName, ...] = ()
    key_exchange: tuple[_KeyExchange, ...] = ()
    authentication: tuple[_Authentication, ...] = ()
    encryption: tuple[_Encryption, ...] = ()
    mode: tuple[_Mode, ...] = ()
    mac: tuple[_Mac, ...] = ()
    strength: tuple[Strength, ...] = ()
    bits_below: int | None = Field(default=None, ge=1, le=512)
    forward_secrecy: bool | None = None
    aead: bool | None = None
    export: bool | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether no property is given, so that every suite would match."""
        return self.model_dump(include=set(SuiteSelector.model_fields)) == (
            SuiteSelector().model_dump()
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """Every suite and cipher kind of the registries that matches."""
        suites = {suite.name for suite in CIPHER_SUITES if self._fits(suite)}
        kinds = {kind.name for kind in SSLV2_CIPHER_KINDS if self._fits_kind(kind.name)}
        return frozenset(suites | kinds)

    def _fits(self, suite: CipherSuite) -> bool:
        given = (
            (self.suites, suite.name),
            (self.key_exchange, suite.key_exchange),
            (self.authentication, suite.authentication),
            (self.encryption, suite.encryption),
            (self.mode, suite.mode),
            (self.mac, suite.mac),
            (self.strength, suite.strength),
        )
        told = (
            (self.forward_secrecy, suite.forward_secrecy),
            (self.aead, suite.aead),
            (self.export, suite.export),
        )
        return (
            all(not wanted or found in wanted for wanted, found in given)
            and all(wanted is None or wanted == found for wanted, found in told)
            and (self.bits_below is None or suite.encryption_bits < self.bits_below)
        )

    def _fits_kind(self, name: str) -> bool:
        if self.suites:
            return name in self.suites
        has_unknown_property = (
            self.key_exchange
            or self.authentication
            or self.encryption
            or self.mode
            or self.mac
            or self.bits_below is not None
        )
        is_export = "EXPORT" in name
        return (
            not has_unknown_property
            and (not self.strength or Strength.INSECURE in self.strength)
            and not self.forward_secrecy
            and not self.aead
            and self.export in (None, is_export)
        )
