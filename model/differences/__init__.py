"""What differs between two Observations of one endpoint, in words for people.

Only what both know counts: a fact that is unknown now, or was, has neither vanished nor appeared.
One file for each part of the Observation; ``COMPARISONS`` lists them.
"""

from model.differences.compare import COMPARISONS, differences
from model.differences.known import known_facts

__all__ = ["COMPARISONS", "differences", "known_facts"]
