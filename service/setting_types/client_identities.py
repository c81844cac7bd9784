"""Client certificates that visits may present, by name: files of the configuration, or secrets of a manager."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict

from probe.crypto.identity import ClientIdentity, load_identity
from service.setting_types.secret_marks import SecretVariable
from service.setting_types.secret_places import read_file_or_secret


class ClientIdentityFiles(BaseModel):
    """The files of one client certificate and its key: PEM, or PKCS #12 without ``key``.

    Both may be another place of ``secret_places``; what a manager has is PEM, and stays in memory.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    certificate: Path
    key: Path | None = None
    passphrase_variable: SecretVariable = None

    def load(self, name: str) -> ClientIdentity:
        """The identity; raises IdentityError."""
        return load_identity(
            name, self.certificate, self.key, self.passphrase_variable, read=read_file_or_secret
        )


def _check_identities(
    files: Mapping[str, ClientIdentityFiles],
) -> Mapping[str, ClientIdentityFiles]:
    for name, one in files.items():
        one.load(name)
    return files


ClientIdentities: TypeAlias = Annotated[
    Mapping[str, ClientIdentityFiles], AfterValidator(_check_identities)
]
