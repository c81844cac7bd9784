"""Is the certificate in public logs, by the timestamps that come with it (RFC 6962)?

``scts`` reads and verifies them against the logs of ``log_list``, a file that the user names; ``policy``
holds the valid ones against what browsers ask for. Nothing is fetched.
"""

from __future__ import annotations

from pki.transparency.log_list import Log, LogList, LogListError, read_log_list
from pki.transparency.policy import judge_policies
from pki.transparency.scts import StapledData, judge_scts

__all__ = [
    "Log",
    "LogList",
    "LogListError",
    "StapledData",
    "judge_policies",
    "judge_scts",
    "read_log_list",
]
