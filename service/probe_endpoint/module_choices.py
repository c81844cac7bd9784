"""What a module decides for a probe on demand, whatever the request and the inventory contain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from model.intrusiveness import Intrusiveness, lower
from model.target_labels import (
    CLIENT_IDENTITY,
    EXPIRED_CLIENT_IDENTITY,
    INTRUSIVENESS,
    TRUST_STORES,
)
from service.config.modules.module import ModuleSettings

OWN: Final = "module"
"""The name of a module's own trust store and client identity."""


class RefusedError(Exception):
    """The request is refused; ``status`` is the HTTP status, the message one sentence that says how to fix it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def labels_for(module: ModuleSettings, known: Mapping[str, str]) -> dict[str, str]:
    """The inventory's labels as the module uses them: its own files replace those of the target.

    A client of /probe must not make tlsprobe send a client certificate, unless the module allows it; and a
    module must not exceed the intrusiveness of the target's own label.
    """
    labels = dict(known)
    if not module.use_client_identity:
        for name in (CLIENT_IDENTITY, EXPIRED_CLIENT_IDENTITY):
            labels.pop(name, None)
    own = labels.get(INTRUSIVENESS)
    if module.intrusiveness is not None and own in {None, *Intrusiveness}:
        level = lower(module.intrusiveness, Intrusiveness(own or module.intrusiveness))
        labels[INTRUSIVENESS] = level.value
    if module.tls.ca_file is not None:
        labels[TRUST_STORES] = OWN
    if module.tls.cert_file is not None:
        labels[CLIENT_IDENTITY] = OWN
    return labels


def path_for(module: ModuleSettings, path: str, *, is_from_request: bool) -> str:
    """The path of the request; raises RefusedError if the client asks for a path other than the module's.

    A client must not choose which path of a server is requested: /admin/restart is a path too.
    """
    if is_from_request and path not in {"/", module.path} and not module.allow_paths:
        raise RefusedError(
            400,
            f"the path {path[:100]!r} cannot come from the request: set `path` in a module, which now asks for "
            f"{module.path!r}, or `allow_paths: true`",
        )
    return module.path if path == "/" else path
