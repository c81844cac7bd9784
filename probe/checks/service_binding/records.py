"""Do the HTTPS or SVCB records of the target's name agree with what the server does (RFC 9460)?

Clients that follow a record connect to its port and its address hints and offer its ALPN ids. This check asks
nothing: other checks have found what the server does. A fact is about the records that lead to the probed address
and port, as far as it can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from model.application_protocol import DEFAULT_PORT, HTTP_1_1, protocol_named
from model.dns.service_bindings import ServiceBinding, ServiceBindings
from model.registry import ALPN_PROTOCOLS
from model.verdict import Evidence, Fact, Verdict
from pki.byte_reader import DecodeError
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts

SERVICE_BINDING: Final = "service_binding"
ALPN: Final = "service_binding_alpn"
PORT: Final = "service_binding_port"
HINTS: Final = "service_binding_hints"
ECH_PUBLISHED: Final = "ech_published"
SERVICE_BINDING_FACTS: Final = (SERVICE_BINDING, ALPN, PORT, HINTS, ECH_PUBLISHED)

_OF_DNS_SERVERS: Final = "SVCB"
_HTTP_3: Final = "h3"
_DNS_PORT: Final = protocol_named("dns").ports[0]
_MAX_EVIDENCE: Final = 4096
_MAX_TEXT: Final = 600


async def check_service_bindings(prober: Prober, facts: VisitFacts) -> None:
    """Fills the features named in ``SERVICE_BINDING_FACTS`` if the records were looked up."""
    bindings = facts.inputs.service_bindings
    if bindings is None:
        return
    if bindings.failure is not None or not bindings.records:
        verdict = Verdict.NO if bindings.failure is None else Verdict.UNKNOWN
        facts.features[SERVICE_BINDING] = _fact(bindings, verdict, _absence(bindings))
        return
    facts.features[SERVICE_BINDING] = _fact(bindings, Verdict.YES, _words(bindings.records))
    facts.features[PORT] = _port(facts, bindings)
    facts.features[ECH_PUBLISHED] = _ech(bindings)
    if any(record.hints for record in bindings.records):
        facts.features[HINTS] = _hints(bindings)
    records = records_of_endpoint(facts)
    if any(record.alpn for record in records):
        facts.features[ALPN] = _alpn(facts, bindings, records)


def records_of_endpoint(facts: VisitFacts) -> tuple[ServiceBinding, ...]:
    """The records that lead a client to the address and the port of this visit."""
    bindings, place = facts.inputs.service_bindings, facts.inputs.address
    if bindings is None or place is None:
        return ()
    usual = _usual_port(facts, bindings)
    return tuple(one for one in bindings.records if one.leads_to(*place, usual))


def _usual_port(facts: VisitFacts, bindings: ServiceBindings) -> int:
    """The port of a record that names none (RFC 9460, section 7.2): of a web server that of the name that was asked,
    of a DNS server that of DNS over TLS (RFC 9461, section 4.2)."""
    place = facts.inputs.address
    if bindings.record_type == _OF_DNS_SERVERS:
        return _DNS_PORT
    return DEFAULT_PORT if place is None else place[1]


def _port(facts: VisitFacts, bindings: ServiceBindings) -> Fact:
    usual = _usual_port(facts, bindings)
    ports = sorted({record.port or usual for record in bindings.records})
    place = facts.inputs.address
    is_there = place is not None and place[1] in ports
    note = f"the records lead to port {', '.join(map(str, ports))}"
    return _fact(bindings, Verdict.YES if is_there else Verdict.NO, note, ",".join(map(str, ports)))


def _hints(bindings: ServiceBindings) -> Fact:
    """Hints should be among the addresses of the host (section 7.3)."""
    known = [one for one in bindings.records if one.hints and one.addresses is not None]
    stray = dict.fromkeys(
        hint for one in known for hint in one.hints if hint not in (one.addresses or ())
    )
    if stray:
        listed = ",".join(stray)
        note = f"hints that are not among the addresses of their host: {listed}"
        return _fact(bindings, Verdict.NO, note, listed)
    if any(record.hints and record.addresses is None for record in bindings.records):
        note = "the addresses of a host with hints could not be looked up"
        return _fact(bindings, Verdict.UNKNOWN, note)
    return _fact(bindings, Verdict.YES, "all hints are among the addresses of their host")


def _ech(bindings: ServiceBindings) -> Fact:
    """Whether clients get a configuration of ECH that they can use."""
    lists = [record.ech for record in bindings.records if record.ech is not None]
    if not lists:
        return _fact(bindings, Verdict.NO, "no record has the parameter ech")
    # Visits without such a parameter start without these modules.
    from probe.crypto.ech import is_usable
    from probe.tls.ech import decode_ech_configs

    names: list[str] = []
    for one in lists:
        try:
            usable = [config for config in decode_ech_configs(one) if is_usable(config)]
        except DecodeError as error:
            return _fact(
                bindings, Verdict.NO, f"the parameter ech is unusable: {error}", "unusable"
            )
        names += [config.public_name.decode("ascii") for config in usable]
    if not names:
        note = "the parameter ech has no configuration that tlsprobe can use"
        return _fact(bindings, Verdict.NO, note, "unusable")
    listed = ",".join(dict.fromkeys(names))
    return _fact(bindings, Verdict.YES, f"a configuration of ECH for {listed}", listed)


def _alpn(facts: VisitFacts, bindings: ServiceBindings, records: Sequence[ServiceBinding]) -> Fact:
    """Whether the server negotiates each ALPN id that the records list for it, and their default one."""
    is_web = bindings.record_type != _OF_DNS_SERVERS
    listed = dict.fromkeys(name for record in records for name in record.alpn)
    if is_web and any(record.has_default_alpn for record in records):
        listed[HTTP_1_1] = None
    verdicts = {name: _negotiates(facts, name) for name in listed}
    refused = [name for name, verdict in verdicts.items() if verdict is Verdict.NO]
    if refused:
        names = ",".join(refused)
        note = f"the records list {names}, which the server does not negotiate"
        return _proved(facts, bindings, refused, note, names)
    unknown = [name for name, verdict in verdicts.items() if verdict is Verdict.UNKNOWN]
    if unknown:
        note = f"not known whether the server negotiates {', '.join(unknown)}"
        return _fact(bindings, Verdict.UNKNOWN, note)
    names = ",".join(listed)
    return _fact(bindings, Verdict.YES, f"the server negotiates {names}", names)


def _negotiates(facts: VisitFacts, name: str) -> Verdict:
    """Whether the server negotiates the id. HTTP/1.1 needs no ALPN (RFC 9460, section 7.1.2)."""
    if name == _HTTP_3:
        http3 = facts.http.get("http3")
        return Verdict.UNKNOWN if http3 is None else http3.verdict
    if name in facts.alpn:
        return Verdict.YES
    support, last = (facts.features.get(one) for one in ("alpn", "alpn_unknown_refused"))
    if name == HTTP_1_1 and support is not None and support.verdict is Verdict.NO:
        return Verdict.YES
    # All registered ids were offered until the server picked none of the rest.
    is_struck_out = last is not None and last.verdict is not Verdict.UNKNOWN
    return Verdict.NO if is_struck_out and name in ALPN_PROTOCOLS else Verdict.UNKNOWN


def _proved(
    facts: VisitFacts,
    bindings: ServiceBindings,
    refused: Sequence[str],
    note: str,
    value: str,
) -> Fact:
    """A no by the peer's bytes."""
    is_http3 = list(refused) == [_HTTP_3]
    fact = facts.http["http3"] if is_http3 else facts.features["alpn_unknown_refused"]
    proof = fact.evidence or Evidence()
    words = f"{note} ({_source(bindings)}: {_words(bindings.records)})"
    evidence = Evidence(offer=proof.offer, answer=proof.answer, note=words, is_cut=proof.is_cut)
    return Fact(verdict=Verdict.NO, value=value, evidence=evidence)


def proof_of(bindings: ServiceBindings) -> bytes | None:
    """The data of the records, as evidence stores it; None without records."""
    return bindings.wire[:_MAX_EVIDENCE] or None


def _absence(bindings: ServiceBindings) -> str:
    if bindings.failure is not None:
        return bindings.failure
    return f"{bindings.name} has no {bindings.record_type} record of a service"


def _fact(bindings: ServiceBindings, verdict: Verdict, note: str, value: str | None = None) -> Fact:
    """A verdict with the data of the records."""
    evidence = Evidence(
        answer=proof_of(bindings),
        note=f"{note} ({_source(bindings)})",
        is_cut=len(bindings.wire) > _MAX_EVIDENCE,
    )
    return Fact(verdict=verdict, value=value, evidence=evidence)


def _source(bindings: ServiceBindings) -> str:
    """Where the records come from."""
    by = f", by the aliases {', '.join(bindings.aliases)}" if bindings.aliases else ""
    state = "validated" if bindings.is_authenticated else "not validated"
    return f"{bindings.record_type} of {bindings.name}{by}, {state} by DNSSEC"


def _words(records: Iterable[ServiceBinding]) -> str:
    return "; ".join(record.text for record in records)[:_MAX_TEXT]
