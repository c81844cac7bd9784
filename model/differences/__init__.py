"""What differs between two Observations of one endpoint, in sentences for people?"""

from model.differences.compare import differences
from model.differences.known import known_facts

__all__ = ["differences", "known_facts"]
