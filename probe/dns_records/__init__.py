"""What the DNS says of a name's certificates: CAA (RFC 8659) and TLSA (RFC 6698), judged against a chain."""

from probe.dns_records.caa import judge_caa
from probe.dns_records.lookup import DnsLookup, LookupFailedError
from probe.dns_records.tlsa import judge_tlsa

__all__ = ["DnsLookup", "LookupFailedError", "judge_caa", "judge_tlsa"]
