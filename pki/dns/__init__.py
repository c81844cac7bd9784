"""Does a chain comply with the DNS records of its name: CAA (RFC 8659) and TLSA (RFC 6698)?"""

from pki.dns.caa import judge_caa
from pki.dns.lookup import DnsLookup, LookupFailedError
from pki.dns.tlsa import judge_tlsa

__all__ = ["DnsLookup", "LookupFailedError", "judge_caa", "judge_tlsa"]
