"""SRV, HTTPS and SVCB records: the host, port, protocol and server name that their RFCs say."""

from __future__ import annotations

import dns.rdata
import dns.rdtypes.IN.SRV
import dns.rdtypes.svcbbase
import pytest

from discovery.found import SourceLocation, read_locations
from discovery.service_records import Owner, alias_of, of_service, of_srv
from discovery.source import Skipped


def owner(name: str, port: int = 443) -> Owner:
    return Owner(name=name, origin=name, port=port, labels={})


SRV: tuple[tuple[str, str, str], ...] = (
    ("_imap._tcp.a.test", "143 mail.test.", "mail.test:143"),
    ("_imap._tcp.a.test", "1143 mail.test.", "imap://mail.test:1143"),
    ("_imaps._tcp.a.test", "993 mail.test.", "imaps://mail.test:993"),
    ("_submissions._tcp.a.test", "465 mail.test.", "smtps://mail.test:465"),
    ("_submission._tcp.a.test", "587 mail.test.", "mail.test:587"),
    ("_sieve._tcp.a.test", "4190 mail.test.", "mail.test:4190"),
    ("_xmpp-client._tcp.a.test", "5222 chat.test.", "chat.test:5222?server_name=a.test"),
    ("_xmpp-server._tcp.a.test", "5269 chat.test.", "chat.test:5269?server_name=a.test"),
    (
        "_xmpps-client._tcp.a.test",
        "443 chat.test.",
        "xmpps-client://chat.test:443?server_name=a.test",
    ),
    ("_sips._tcp.a.test", "5061 sip.test.", "sips://sip.test:5061?server_name=a.test"),
    ("_matrix-fed._tcp.a.test", "8448 hs.test.", "hs.test:8448?server_name=a.test"),
    ("_ldap._tcp.a.test", "389 dc.test.", "dc.test:389"),
    ("_ldap._tcp.dc._msdcs.a.test", "3268 dc.test.", "dc.test:3268"),
    ("_caldavs._tcp.a.test", "443 dav.test.", "dav.test:443"),
    ("_postgresql._tcp.a.test", "6432 db.test.", "postgres://db.test:6432"),
    ("_coaps._udp.a.test", "5684 things.test.", "dtls://things.test:5684"),
    ("_unheard-of._tcp.a.test", "25 b.test.", "b.test:25"),
    # RFC 6186, 3.2 and 3.3; RFC 8314, 5.1
    ("_pop3._tcp.a.test", "110 mail.test.", "mail.test:110"),
    ("_pop3s._tcp.a.test", "995 mail.test.", "pop3s://mail.test:995"),
    ("_pop3._tcp.a.test", "8110 mail.test.", "pop3://mail.test:8110"),
    ("_submission._tcp.a.test", "25 mail.test.", "submission://mail.test:25"),
    ("_submissions._tcp.a.test", "4650 mail.test.", "smtps://mail.test:4650"),
    # RFC 6120, 3.2.1 and XEP-0368: the server name is the domain
    (
        "_xmpps-server._tcp.a.test",
        "5270 chat.test.",
        "xmpps-server://chat.test:5270?server_name=a.test",
    ),
    (
        "_jabber._tcp.a.test",
        "5270 chat.test.",
        "xmpp-server://chat.test:5270?server_name=a.test",
    ),
    # RFC 3263, 4.1 and RFC 5922, 7.1; Lync's _sip._tls
    ("_sip._tls.a.test", "443 sip.test.", "sip.test:443?server_name=a.test"),
    # Matrix' server-server API, 2.1: the TLS name is the server name of the domain
    ("_matrix._tcp.a.test", "443 hs.test.", "hs.test:443?server_name=a.test"),
    # RFC 2782's own example; Active Directory
    ("_ldaps._tcp.a.test", "636 dc.test.", "ldaps://dc.test:636"),
    ("_gc._tcp.a.test", "3268 dc.test.", "dc.test:3268"),
    # RFC 7350, RFC 5928: turns over TCP is TLS, and over UDP is DTLS
    ("_turns._tcp.a.test", "5349 turn.test.", "turn.test:5349?server_name=a.test"),
    ("_turns._udp.a.test", "5349 turn.test.", "dtls://turn.test:5349?server_name=a.test"),
    # the target in upper case and with a final dot is the same host (RFC 1035, 2.3.3)
    ("_IMAPS._TCP.A.test", "993 Mail.TEST.", "imaps://mail.test:993"),
)


@pytest.mark.parametrize("service", ["sip", "http", "caldav", "mqtt", "turn", "kerberos"])
def test_a_service_whose_tls_has_another_name_is_reported(service: str) -> None:
    record = dns.rdata.from_text("IN", "SRV", "0 0 5060 b.test.")
    assert isinstance(record, dns.rdtypes.IN.SRV.SRV)
    (skipped,) = of_srv(owner(f"_{service}._tcp.a.test"), record)
    assert str(skipped) == (
        f"record of _{service}._tcp.a.test: b.test:5060 is the service {service}, which has no TLS"
    )


@pytest.mark.parametrize(("name", "data", "key"), SRV)
def test_a_service_has_its_protocol_and_its_name(name: str, data: str, key: str) -> None:
    record = dns.rdata.from_text("IN", "SRV", f"0 0 {data}")
    assert isinstance(record, dns.rdtypes.IN.SRV.SRV)
    (target,) = read_locations(of_srv(owner(name), record), "dns").targets
    assert target.key == key


def test_a_service_that_is_not_offered_is_no_target() -> None:
    record = dns.rdata.from_text("IN", "SRV", "0 0 0 .")
    assert isinstance(record, dns.rdtypes.IN.SRV.SRV)
    assert list(of_srv(owner("_imap._tcp.a.test"), record)) == []


def test_a_service_over_udp_is_reported() -> None:
    record = dns.rdata.from_text("IN", "SRV", "0 0 88 kdc.test.")
    assert isinstance(record, dns.rdtypes.IN.SRV.SRV)
    (skipped,) = of_srv(owner("_kerberos._udp.a.test"), record)
    assert str(skipped) == "record of _kerberos._udp.a.test: kdc.test:88 is reached over UDP"


SERVICE: tuple[tuple[str, str, str, str], ...] = (
    ("HTTPS", "a.test", "1 . alpn=h2", "a.test:443"),
    ("HTTPS", "a.test", "1 . port=8443", "a.test:8443"),
    ("HTTPS", "a.test", "1 b.test. alpn=h2", "b.test:443?server_name=a.test"),
    ("HTTPS", "_8443._https.a.test", "1 . alpn=h2", "a.test:8443"),
    ("HTTPS", "_8443._https.a.test", "1 b.test. port=9443", "b.test:9443?server_name=a.test"),
    ("HTTPS", "a.test", "1 . alpn=h3", "a.test:443"),
    ("SVCB", "_dns.a.test", "1 dns.test. alpn=dot", "dns://dns.test:853?server_name=a.test"),
    (
        "SVCB",
        "_dns.a.test",
        "1 dns.test. alpn=h2 dohpath=/q{?dns}",
        "dns.test:443?server_name=a.test",
    ),
    ("SVCB", "_dns.a.test", "1 . alpn=dot port=8853", "dns://a.test:8853"),
    ("HTTPS", "a.test", "1 . mandatory=port port=8443", "a.test:8443"),
    # RFC 9460, 7.3: hints are addresses of the target name, which is looked up itself
    (
        "HTTPS",
        "a.test",
        "1 b.test. ipv4hint=192.0.2.1 ipv6hint=2001:db8::1",
        "b.test:443?server_name=a.test",
    ),
    ("HTTPS", "a.test", "1 . alpn=h2,h3", "a.test:443"),
    ("HTTPS", "a.test", "1 . no-default-alpn alpn=h2", "a.test:443"),
    ("HTTPS", "a.test", "1 . key65000=x", "a.test:443"),
    # RFC 9460, 9.1: the port in the name is that of the origin, not of the server
    ("HTTPS", "_8443._https.a.test", "1 . port=9443", "a.test:9443"),
    # RFC 9461, 4.1
    ("SVCB", "_8530._dns.a.test", "1 dns.test. alpn=dot", "dns://dns.test:8530?server_name=a.test"),
    ("SVCB", "_dns.a.test", "1 dns.test. alpn=dot,h2", "dns://dns.test:853?server_name=a.test"),
)


@pytest.mark.parametrize(("kind", "name", "data", "key"), SERVICE)
def test_a_service_binding_has_its_port_and_its_name(
    kind: str, name: str, data: str, key: str
) -> None:
    record = dns.rdata.from_text("IN", kind, data)
    assert isinstance(record, dns.rdtypes.svcbbase.SVCBBase)
    reading = read_locations(of_service(owner(name), record), "dns")
    assert ([target.key for target in reading.targets], reading.skipped) == ([key], ())


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("HTTPS", "1 . alpn=h3 no-default-alpn", "only protocols over QUIC"),
        ("SVCB", "1 . alpn=doq", "only protocols over QUIC"),
        ("HTTPS", "1 . mandatory=key65000 key65000=x", "requires key65000"),
    ],
)
def test_a_service_binding_without_tls_over_tcp_is_reported(
    kind: str, data: str, words: str
) -> None:
    record = dns.rdata.from_text("IN", kind, data)
    assert isinstance(record, dns.rdtypes.svcbbase.SVCBBase)
    (skipped,) = of_service(owner("a.test"), record)
    assert isinstance(skipped, Skipped)
    assert words in skipped.problem


def test_an_alias_has_a_name_and_no_parameters() -> None:
    assert alias_of(dns.rdata.from_text("IN", "HTTPS", "0 pool.test.")) == "pool.test."
    assert alias_of(dns.rdata.from_text("IN", "HTTPS", "0 .")) == "."
    assert alias_of(dns.rdata.from_text("IN", "HTTPS", "1 pool.test.")) is None
    assert alias_of(dns.rdata.from_text("IN", "A", "127.0.0.1")) is None


def test_a_location_says_where_it_is() -> None:
    record = dns.rdata.from_text("IN", "HTTPS", "1 . alpn=h2")
    assert isinstance(record, dns.rdtypes.svcbbase.SVCBBase)
    (location,) = of_service(owner("a.test"), record)
    assert isinstance(location, SourceLocation)
    assert location.place == "record of a.test"
