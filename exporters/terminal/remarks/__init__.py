"""The problems of one Observation, the most severe first.

They need no policy, and their severities are those of findings.
"""

from exporters.terminal.remarks.certificates import expiry_severity
from exporters.terminal.remarks.collect import remarks
from exporters.terminal.remarks.remark import Remark

__all__ = ["Remark", "expiry_severity", "remarks"]
