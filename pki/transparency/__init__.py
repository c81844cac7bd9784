"""Is the certificate in public logs, according to the timestamps that it comes with (RFC 6962)?

``scts`` reads and verifies them with the logs of ``log_list``, a file from the user; ``policy`` compares the
valid ones with the browsers' requirements. Nothing is fetched.
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
