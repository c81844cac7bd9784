"""Fixtures that tests of several packages share: the zoo's certificates, and a PostgreSQL, created once each."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

from tests.service import processes
from tests.support.order import long_ones_first
from tests.support.postgresql import postgresql, postgresql_url
from tests.zoo.certificates import Certificates, make_certificates

__all__ = ["certificates", "postgresql", "postgresql_url"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # nohup and some CI systems ignore SIGINT, and processes that the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Each run has other examples, and `make fuzz` has many more for what reads bytes and texts from others.
settings.register_profile("whatever the load", deadline=None, max_examples=50)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile("whatever the load")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker starts with the long tests; otherwise the random order of pytest-randomly stays."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    are_long = [item.get_closest_marker("slow") is not None for item in items]
    items[:] = long_ones_first(items, are_long, workers)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only tests with the mark may start ``tlsprobe`` as a process."""
    processes.are_allowed = any(item.iter_markers("process"))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Every key and certificate of the zoo, as files in a folder of the session."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
