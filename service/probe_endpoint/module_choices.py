"""What a module decides of a probe on demand, whatever the request and the inventory say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from model.intrusiveness import Intrusiveness, lower
from model.target_labels import (
    CLIENT_IDENTITY,
    EXPIRED_CLIENT_IDENTITY,
    INTRUSIVENESS,
    TRUST_STORES,
)
from service.config.modules import ModuleSettings

OWN: Final = "module"
"""The name of a module's own trust store and client identity."""


class RefusedError(Exception):
    """The request is not served; ``status`` is HTTP's, the message one sentence with the mend."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def labels_for(module: ModuleSettings, known: Mapping[str, str]) -> dict[str, str]:
    """The inventory's labels as the module takes them over: its own files take the place of the target's.

    Who may ask for /probe must not get a certificate of ours shown, unless the module says so; nor may
    a module ask more than the target's own label allows.
    """
    labels = dict(known)
    if not module.shows_client_identity:
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


def path_for(module: ModuleSettings, text: str) -> str:
    """The module's path; raises RefusedError where the request asks for another one.

    The request must not choose which path of a server is asked for: /admin/restart is one too.
    """
    if module.target is None and _path_in(text) not in {"/", module.path}:
        raise RefusedError(
            400,
            f"the path {_path_in(text)[:100]!r} is not taken from the request: set `path` in a module, "
            f"which now asks for {module.path!r}",
        )
    return module.path if module.target is None or module.path != "/" else _path_in(module.target)


def _path_in(text: str) -> str:
    """Of an URL, with its query; the root of anything else."""
    split = urlsplit(text) if "://" in text else None
    if split is None:
        return "/"
    query = f"?{split.query}" if split.query else ""
    return f"{split.path or '/'}{query}"
