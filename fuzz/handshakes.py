"""What servers send in whole handshakes: datagrams of DTLS, QUIC and OpenVPN, the encrypted flight of TLS 1.3, key
exchanges of SSH and IKE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from model.protocol_version import ProtocolVersion
from pki.byte_reader import DecodeError
from probe.checks.ike.responder import EVERYTHING as EVERYTHING_IN_IKE
from probe.checks.ssh.offers import EVERYTHING
from probe.connect.openvpn.framing import OpenVpnFraming
from probe.crypto.ech import ech_hello, is_usable
from probe.crypto.ike.exchange import IkeExchange
from probe.crypto.ike.version_1 import Ike1Exchange
from probe.crypto.quic_keys import initial_keys, sealed_initial
from probe.crypto.quic_question import QuicQuestion
from probe.crypto.ssh.exchange import SshAnswer, SshExchange
from probe.crypto.tls13_flight import Tls13Flight, Tls13FlightReader
from probe.crypto.tls13_keys import KeyShareSecret
from probe.dialogue.answer import Ending
from probe.dialogue.dtls_question import DtlsQuestion
from probe.dialogue.offer import Shape, offer
from probe.ike.messages import HEADER_LENGTH
from probe.ike.version_1 import Authentication, Exchange, without_hash
from probe.openvpn.reliability import ReliableDatagrams
from probe.quic.packet import VERSION_1, packets_in
from probe.tls.dtls import datagrams_in
from probe.tls.ech import decode_ech_configs
from probe.tls.limits import MAX_QUIC_DATAGRAMS
from tests.probe.crypto.sealing import SealedFlight
from tests.probe.programmable import wire

_X25519: Final = 0x001D
_AES_128_GCM: Final = 0x1301
_NONCE: Final = bytes(64)
_OPENVPN_ID: Final = b"tlsprobe"
_SHAPE: Final = Shape(server_name="x.example")
_QUIC_OFFER: Final = offer(ProtocolVersion.TLSV1_3, (_AES_128_GCM,), _SHAPE)
_MOST_HELLOS: Final = 3
"""One without a cookie, and one for each of two cookies."""

_PIECES: Final = (1, 7, 2**16)


def dtls_questions(some: bytes) -> None:
    """A question over datagrams sends few hellos and ends with an Answer; each packet has its length before it."""
    hello = offer(ProtocolVersion.TLSV1_2, (0xC02F,), _SHAPE).encode(_NONCE)
    question, sent = DtlsQuestion(hello), list[bytes]()
    question.begin(sent.append)
    answers = (question.feed(packet) for packet in _packets(some))
    answer = next((one for one in answers if one is not None), None)
    assert (answer or question.end(Ending.SILENCE)) is not None
    assert len(sent) <= _MOST_HELLOS
    for packet in (*sent, question.goodbye()):
        assert len(list(datagrams_in(packet))) == 1


def _packets(some: bytes) -> Iterator[bytes]:
    while some:
        length = int.from_bytes(some[:2], "big")
        yield some[2 : 2 + length]
        some = some[2 + length :]


def quic_questions(some: bytes) -> None:
    """A question over QUIC sends few datagrams and ends with a reply. Each packet has its length before it, and comes
    twice: as it is, and as the frames of a well protected Initial."""
    question, sent = QuicQuestion(_QUIC_OFFER, _NONCE, VERSION_1), list[bytes]()
    question.begin(sent.append)
    (first,) = packets_in(sent[0])
    keys = initial_keys(VERSION_1, first.destination).server
    reply = None
    for at, packet in enumerate(_packets(some)):
        frames = packet[:1000].ljust(20, b"\0")
        ids = (first.source, first.destination)
        for datagram in (packet, sealed_initial(keys, VERSION_1, ids, b"", at, frames)):
            reply = reply or question.feed(datagram)
    assert (reply or question.end(Ending.SILENCE)) is not None
    assert len(sent) <= MAX_QUIC_DATAGRAMS


def ech_configs(some: bytes) -> None:
    """A list of ECH is decoded, or rejected with the codec's own error; each configuration is a part of it, and makes
    a hello or none."""
    try:
        configs = decode_ech_configs(some)
    except DecodeError:
        return
    assert all(config.raw in some for config in configs)
    hello = ech_hello(offer(ProtocolVersion.TLSV1_3, (_AES_128_GCM,), _SHAPE), configs, _NONCE)
    assert (hello is not None) <= any(map(is_usable, configs))


def ssh_exchanges(some: bytes) -> None:
    """A key exchange of SSH ends with the same answer, however the server's bytes arrive; none of them is a proof."""
    answers = [_ssh_answer(some, size) for size in _PIECES]
    first = answers[0]
    for answer in answers:
        assert answer.identification == first.identification
        assert (answer.kexinit, answer.flaw) == (first.kexinit, first.flaw)
        assert answer.host_key is None or answer.unproved is not None


def openvpn_sessions(some: bytes) -> None:
    """A session in packets gives the same TLS bytes, however the stream is cut; datagrams of any content are taken."""
    heard = [_openvpn_heard(some, size) for size in _PIECES]
    assert len(set(heard)) == 1
    session = ReliableDatagrams()
    for packet in _packets(some):
        session.receive(packet)
    assert len(session.unacknowledged) == 0


def _openvpn_heard(some: bytes, size: int) -> bytes:
    dialogue = _Collecting()
    framing = OpenVpnFraming(dialogue, session_id=_OPENVPN_ID, remote_session_id=_OPENVPN_ID)
    framing.begin(lambda _: None)
    for start in range(0, len(some), size):
        framing.feed(some[start : start + size])
    return bytes(dialogue.heard)


class _Collecting:
    """A Dialogue that collects what it hears."""

    def __init__(self) -> None:
        self.heard = bytearray()

    def begin(self, send: Callable[[bytes], None]) -> None:
        send(b"hello")

    def feed(self, received: bytes) -> None:
        self.heard += received

    def end(self, _: Ending) -> None:
        return


def _ssh_answer(some: bytes, size: int) -> SshAnswer:
    dialogue = SshExchange(EVERYTHING, _NONCE)
    dialogue.begin(lambda _: None)
    for start in range(0, len(some), size):
        answer = dialogue.feed(some[start : start + size])
        if answer is not None:
            return answer
    return dialogue.end(Ending.CLOSED)


def ike_messages(some: bytes) -> None:
    """Datagrams of an IKE responder end with an answer; what it says is read, or nothing is concluded."""
    for dialogue in (
        IkeExchange(EVERYTHING_IN_IKE, _NONCE),
        Ike1Exchange(Exchange.AGGRESSIVE, Authentication.PRESHARED_KEY, _NONCE),
    ):
        sent = list[bytes]()
        dialogue.begin(sent.append)
        answers = (dialogue.feed(sent[0][:8] + packet) for packet in _packets(some))
        answer = next((one for one in answers if one is not None), None) or dialogue.end(
            Ending.SILENCE
        )
        assert answer.outcome
        assert len(sent) <= _MOST_HELLOS
        assert answer.flaw is None or answer.message is None
    assert len(without_hash(some)) <= max(len(some), HEADER_LENGTH)


def tls13_flights(some: bytes) -> None:
    """A flight of TLS 1.3 with these messages is read, however it arrives; it counts as whole only if it is signed.

    The bytes are the encrypted messages of a server with a valid key share; without encryption, they never count.
    """
    for is_sealed in (True, False):
        flights = [_flight(some, size, is_sealed=is_sealed) for size in _PIECES]
        assert flights[0] == flights[1] == flights[2]
        (flight, *_) = flights
        assert flight.is_whole == (flight.signature_scheme is not None)
        assert is_sealed or not (flight.is_whole or flight.certificates)
        assert isinstance(flight.requested_schemes, tuple)


def _flight(some: bytes, size: int, *, is_sealed: bool) -> Tls13Flight:
    asked = offer(ProtocolVersion.TLSV1_3, (_AES_128_GCM,), _SHAPE)
    own = KeyShareSecret(_X25519, _NONCE)
    reader, sent = Tls13FlightReader(asked, own, _NONCE), list[bytes]()
    reader.begin(sent.append)
    server = KeyShareSecret(_X25519, b"server")
    hello = wire.server_hello_tls13(_AES_128_GCM, _X25519, server.public, session_id=_NONCE[:32])
    sealed = SealedFlight(server.shared_with(own.public), sent[0][5:], hello)
    stream = wire.records(wire.TLSV1_2, hello) + (sealed.records(some) if is_sealed else some)
    for start in range(0, len(stream), size):
        flight = reader.feed(stream[start : start + size])
        if flight is not None:
            return flight
    return reader.end(Ending.CLOSED)
