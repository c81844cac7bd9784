"""The catalogue of checks of IKE responders; the one of TLS is ``probe.checks.catalogue``."""

from __future__ import annotations

from typing import Final

from model.intrusiveness import Intrusiveness
from probe.checks.check import Ask, Check, Stage
from probe.checks.ike.responder import NAT_PORT, RESPONDER_FACTS, check_nat_port, check_responder
from probe.checks.ike.transforms import TRANSFORM_FACTS, check_transforms
from probe.checks.ike.version_1 import (
    AGGRESSIVE_MODE,
    MAIN_MODE,
    check_aggressive_mode,
    check_main_mode,
)
from probe.checks.part import Part


def _stage(
    phrase: str,
    ask: Ask,
    facts: tuple[str, ...],
    *,
    part: Part = Part.VERSIONS,
    level: Intrusiveness = Intrusiveness.SAFE,
) -> Stage:
    check = Check(part=part, ask=ask, level=level, facts=facts, is_first_contact=True)
    return Stage(phrase=phrase, checks=(check,))


IKE_STAGES: Final = (
    _stage("IKE_SA_INIT", check_responder, RESPONDER_FACTS),
    _stage("IKEv1 main mode", check_main_mode, (MAIN_MODE,)),
    _stage("IKE transforms", check_transforms, TRANSFORM_FACTS, part=Part.SUITES),
    _stage("IKE on port 4500", check_nat_port, (NAT_PORT,)),
    _stage(
        "IKEv1 aggressive mode",
        check_aggressive_mode,
        (AGGRESSIVE_MODE,),
        level=Intrusiveness.FULL,
    ),
)
"""The checks of IKE responders; the questions on transforms are not asked if IKEv2 did not answer."""
