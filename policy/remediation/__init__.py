"""Remedies: the exact lines that make a server of some kind do what the policies ask, made of these.

``demands_of`` adds up what policies demand, the catalogue ``SERVERS`` has one file for each kind of
server that writes it in that server's own words, and ``remedy`` gives the lines for one finding.
"""

from policy.remediation.catalogue import SERVERS
from policy.remediation.demands import Demands, demands_of
from policy.remediation.remediation import remedy, remedy_for, server_kind
from policy.remediation.setting import ServerKind, Setting, Topic, topics_of

__all__ = [
    "SERVERS",
    "Demands",
    "ServerKind",
    "Setting",
    "Topic",
    "demands_of",
    "remedy",
    "remedy_for",
    "server_kind",
    "topics_of",
]
