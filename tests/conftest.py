"""What tests of several packages share: the zoo's certificates, made once for a session."""

from __future__ import annotations

import pytest

from tests.zoo.certificates import Certificates, make_certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Every key and certificate of the zoo, as files in a folder of the session's."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
