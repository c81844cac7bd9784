"""Policies: they turn Observations into results and Findings. They are pure, so history can be judged again.

``load_policies`` reads files into a PolicySet; ``assess`` judges an Observation by its policies.
"""

from policy.assess import assess
from policy.catalogue import RULES
from policy.files.errors import PolicyError
from policy.files.load import PolicySet, load_policies, profile, read_policies
from policy.findings import findings_of
from policy.policy import Policy, PolicyRule

__all__ = [
    "RULES",
    "Policy",
    "PolicyError",
    "PolicyRule",
    "PolicySet",
    "assess",
    "findings_of",
    "load_policies",
    "profile",
    "read_policies",
]
