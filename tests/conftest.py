"""What tests of several packages share: the zoo's certificates, and a PostgreSQL, made once each."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from tests.support.postgresql import postgresql, postgresql_url
from tests.zoo.certificates import Certificates, make_certificates

__all__ = ["certificates", "postgresql", "postgresql_url"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # nohup and some CI systems ignore it, and what the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("whatever the load", deadline=None)
settings.load_profile("whatever the load")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Every key and certificate of the zoo, as files in a folder of the session's."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
