"""Policies: Observations in, results and Findings out; pure, so that history can be judged again.

``load_policies`` reads files into a PolicyBook, ``assess`` judges an Observation by its policies.
"""

from policy.assess import assess
from policy.catalogue import RULES
from policy.files.errors import PolicyError
from policy.files.load import PolicyBook, load_policies, profile
from policy.policy import Policy, PolicyRule

__all__ = [
    "RULES",
    "Policy",
    "PolicyBook",
    "PolicyError",
    "PolicyRule",
    "assess",
    "load_policies",
    "profile",
]
