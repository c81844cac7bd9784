"""Remediations: the exact configuration lines that make a kind of server meet the policies.

``demands_of`` adds up what policies demand. The catalogue ``SERVERS`` has one file for each kind of server,
which writes the demands in that server's syntax. ``remedy`` gives the lines for one finding, ``guidelines_of``
those for each service.
"""

from policy.remediation.catalogue import SERVERS
from policy.remediation.demands import Demands, demands_of
from policy.remediation.guidelines import guidelines_of
from policy.remediation.remediation import (
    Fix,
    fix_of,
    lines_of,
    obstacle_of,
    remedy,
    remedy_for,
    server_kind,
)
from policy.remediation.setting import ServerKind, Setting, Topic, topics_of

__all__ = [
    "SERVERS",
    "Demands",
    "Fix",
    "ServerKind",
    "Setting",
    "Topic",
    "demands_of",
    "fix_of",
    "guidelines_of",
    "lines_of",
    "obstacle_of",
    "remedy",
    "remedy_for",
    "server_kind",
    "topics_of",
]
