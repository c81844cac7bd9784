"""Does a chain comply with the DNS records of its name: CAA (RFC 8659) and TLSA (RFC 6698)? Which HTTPS and SVCB
records (RFC 9460) does the name have?"""

from pki.dns.caa import judge_caa
from pki.dns.lookup import DnsLookup, LookupFailedError
from pki.dns.service_bindings import find_service_bindings
from pki.dns.tlsa import judge_tlsa

__all__ = ["DnsLookup", "LookupFailedError", "find_service_bindings", "judge_caa", "judge_tlsa"]
