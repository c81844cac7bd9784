"""The catalogue of checks of SSH servers; the one of TLS is ``probe.checks.catalogue``."""

from __future__ import annotations

from typing import Final

from model.intrusiveness import Intrusiveness
from probe.checks.check import Check, Stage
from probe.checks.part import Part
from probe.checks.ssh.algorithms import ALGORITHM_FACTS, check_algorithms
from probe.checks.ssh.host_keys import HOST_KEY_FACTS, check_host_keys

SSH_STAGES: Final = (
    Stage(
        phrase="SSH algorithms",
        checks=(
            Check(
                part=Part.VERSIONS,
                ask=check_algorithms,
                level=Intrusiveness.SAFE,
                facts=ALGORITHM_FACTS,
                is_first_contact=True,
            ),
        ),
    ),
    Stage(
        phrase="SSH host keys",
        checks=(
            Check(
                part=Part.CERTIFICATES,
                ask=check_host_keys,
                level=Intrusiveness.SAFE,
                facts=HOST_KEY_FACTS,
                is_first_contact=True,
            ),
        ),
    ),
)
"""The checks of SSH servers; the second one asks nothing if the first one had no answer."""
