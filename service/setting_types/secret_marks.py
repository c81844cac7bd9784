"""Which settings hold a secret, and how: each is marked at its declaration, and found here.

A setting without a mark is public: logs, messages and pages may show it. A test checks all settings, so a new
one must be classified.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, Field

from model.safe_output.secret_text import secrets_in_url, secrets_of_login
from service.setting_types.secret_places import read_place
from service.setting_types.values import check_web_url


class HoldsSecret(StrEnum):
    """How a setting leads to a secret."""

    IN_URL = "in_url"
    """Its user info, query and fragment are secret; its host and path are not."""

    WHOLE_URL = "whole_url"
    """The path is secret too: anyone who knows it may post there."""

    VARIABLE = "variable"
    """It names an environment variable with the secret."""

    FILE = "file"
    """It names a file, a credential, or a secret in Vault or AWS (``secret_places``)."""


SecretUrl: TypeAlias = Annotated[str, HoldsSecret.IN_URL, Field(repr=False)]
OptionalSecretUrl: TypeAlias = Annotated[str | None, HoldsSecret.IN_URL, Field(repr=False)]
WebUrl: TypeAlias = Annotated[SecretUrl, AfterValidator(check_web_url)]
OptionalWebUrl: TypeAlias = Annotated[
    OptionalSecretUrl, AfterValidator(lambda url: None if url is None else check_web_url(url))
]
WebUrls: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(check_web_url)], ...], HoldsSecret.IN_URL, Field(repr=False)
]
ReceiverUrl: TypeAlias = Annotated[str | None, HoldsSecret.WHOLE_URL, Field(repr=False)]
SecretVariable: TypeAlias = Annotated[str | None, HoldsSecret.VARIABLE]
SecretFile: TypeAlias = Annotated[Path | None, HoldsSecret.FILE]


def kind_of_secret(metadata: Iterable[object]) -> HoldsSecret | None:
    """The mark among a field's ``metadata``; None for a public setting."""
    return next((one for one in metadata if isinstance(one, HoldsSecret)), None)


def secrets_in(settings: object) -> Iterator[str]:
    """Every secret that ``settings``, or anything in them, holds or refers to; unreadable secrets are left out."""
    for owner, kind, value in _marked(settings):
        yield from _secrets_of(owner, kind, value)


def variables_in(settings: object) -> Iterator[str]:
    """The environment variables with secrets that ``settings``, or anything in them, name."""
    return (str(value) for _, kind, value in _marked(settings) if kind is HoldsSecret.VARIABLE)


def _marked(settings: object) -> Iterator[tuple[BaseModel, HoldsSecret, object]]:
    """Each marked setting that has a value: what it belongs to, its mark and its value."""
    if isinstance(settings, BaseModel):
        for name, field in type(settings).model_fields.items():
            value = getattr(settings, name)
            kind = kind_of_secret(field.metadata)
            if kind is None:
                yield from _marked(value)
            elif value is not None:
                yield settings, kind, value
    elif isinstance(settings, Mapping):
        for value in settings.values():
            yield from _marked(value)
    elif isinstance(settings, tuple | list):
        for value in settings:
            yield from _marked(value)


def _secrets_of(settings: BaseModel, kind: HoldsSecret, value: object) -> Iterator[str]:
    if kind in (HoldsSecret.IN_URL, HoldsSecret.WHOLE_URL):
        for url in value if isinstance(value, tuple) else (value,):
            yield from secrets_in_url(str(url), with_path=kind is HoldsSecret.WHOLE_URL)
        return
    secret = _read(kind, str(value))
    if not secret:
        return
    yield secret
    yield from secrets_in_url(secret, with_path=True)
    if user := _user_of(settings):
        yield from secrets_of_login(user, secret)


def _read(kind: HoldsSecret, place: str) -> str:
    if kind is HoldsSecret.VARIABLE:
        return os.environ.get(place, "").strip()
    with suppress(ValueError):
        return read_place(place)
    return ""


def _user_of(settings: BaseModel) -> str | None:
    """The user whose password these settings contain: ``user``, or the user in their URL."""
    user, url = getattr(settings, "user", None), getattr(settings, "url", None)
    if isinstance(user, str):
        return user
    with suppress(ValueError):
        named = urlsplit(url).username if isinstance(url, str) else None
        return None if named is None else unquote(named)
    return None
