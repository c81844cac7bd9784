"""The framing: any split and any order of packets give the same TLS bytes, and floods end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.byte_reader import DecodeError
from probe.connect.openvpn.framing import OpenVpnFraming
from probe.dialogue.answer import Ending
from probe.openvpn.packet import ControlPacket, Opcode, packet_end, with_length
from probe.openvpn.reliability import WINDOW, ReliableDatagrams
from probe.tls.limits import MAX_ANSWER_LENGTH

OURS, THEIRS = b"ourselve", b"theirsel"


class Collecting:
    """A dialogue that says something first and collects what it hears."""

    def __init__(self, says: bytes = b"") -> None:
        self.says = says
        self.heard = b""
        self.ending: Ending | None = None

    def begin(self, send: Callable[[bytes], None]) -> None:
        if self.says:
            send(self.says)

    def feed(self, received: bytes) -> str | None:
        self.heard += received
        return None

    def end(self, ending: Ending) -> str:
        self.ending = ending
        return "end"


def framed(dialogue: Collecting) -> tuple[OpenVpnFraming[str], list[bytes]]:
    framing = OpenVpnFraming(dialogue, session_id=OURS, remote_session_id=THEIRS)
    sent: list[bytes] = []
    framing.begin(sent.append)
    return framing, sent


def control(number: int, payload: bytes, acks: tuple[int, ...] = ()) -> bytes:
    return ControlPacket(
        opcode=Opcode.CONTROL,
        session_id=THEIRS,
        acks=acks,
        remote_session_id=OURS if acks else b"",
        packet_id=number,
        payload=payload,
    ).encode()


def acknowledgement(*numbers: int) -> bytes:
    return ControlPacket(
        opcode=Opcode.ACK, session_id=THEIRS, acks=numbers, remote_session_id=OURS
    ).encode()


def packets_of(sent: list[bytes]) -> list[ControlPacket]:
    stream, at, found = b"".join(sent), 0, []
    while (end := packet_end(stream, at)) is not None:
        found.append(ControlPacket.decode(stream[at + 2 : end]))
        at = end
    return found


@given(
    opcode=st.sampled_from(Opcode),
    acks=st.lists(st.integers(0, 2**32 - 1), max_size=8),
    number=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=50),
)
def test_a_packet_is_read_as_it_was_written(
    opcode: Opcode, acks: list[int], number: int, payload: bytes
) -> None:
    is_ack = opcode is Opcode.ACK
    packet = ControlPacket(
        opcode=opcode,
        session_id=THEIRS,
        acks=tuple(acks),
        remote_session_id=OURS if acks else b"",
        packet_id=None if is_ack else number,
        payload=b"" if is_ack else payload,
    )
    assert ControlPacket.decode(packet.encode()) == packet


@given(st.binary(max_size=60))
def test_any_bytes_are_a_packet_or_the_codecs_own_error(some: bytes) -> None:
    with suppress(DecodeError):
        packet = ControlPacket.decode(some)
        assert ControlPacket.decode(packet.encode()) == packet


PAYLOADS = st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=8)


@given(PAYLOADS, st.lists(st.integers(1, 40), min_size=1))
def test_any_split_of_the_stream_gives_the_same_bytes(
    payloads: list[bytes], sizes: list[int]
) -> None:
    dialogue = Collecting()
    framing, sent = framed(dialogue)
    stream = b"".join(with_length(control(n, one)) for n, one in enumerate(payloads, 1))
    at = turn = 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        framing.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert dialogue.heard == b"".join(payloads)
    acknowledged = [number for packet in packets_of(sent) for number in packet.acks]
    assert acknowledged == list(range(len(payloads) + 1))


@given(PAYLOADS, st.data())
def test_any_order_of_datagrams_gives_the_same_bytes(
    payloads: list[bytes], data: st.DataObject
) -> None:
    session, dialogue = ReliableDatagrams(), Collecting()
    framing, _ = framed(dialogue)
    whole = [
        ControlPacket(opcode=Opcode.HARD_RESET_SERVER_V2, session_id=THEIRS, packet_id=0).encode(),
        *(control(number, one) for number, one in enumerate(payloads, 1)),
    ]
    strays = [b"", b"stray", control(1, b"x").replace(THEIRS, b"stranger")]
    first, *order = whole[0], *data.draw(st.permutations([*whole, *whole, *strays]))
    stream = session.receive(first).stream + b"".join(
        session.receive(datagram).stream for datagram in order
    )
    end = packet_end(stream)
    assert end is not None
    framing.feed(stream[end:])
    assert dialogue.heard == b"".join(payloads)


def test_few_packets_are_on_the_way_until_they_are_acknowledged() -> None:
    says = bytes(range(256)) * 30
    framing, sent = framed(Collecting(says))
    assert [one.packet_id for one in packets_of(sent)] == [1, 2, 3, 4]
    framing.feed(with_length(acknowledgement(1, 3)))
    assert [one.packet_id for one in packets_of(sent)] == [1, 2, 3, 4, 5, 6]
    framing.feed(with_length(acknowledgement(2, 4)) + with_length(acknowledgement(5)))
    assert b"".join(one.payload for one in packets_of(sent)) == says


def test_a_lost_packet_is_repeated_until_it_is_acknowledged() -> None:
    session = ReliableDatagrams()
    _, sent = framed(Collecting(b"hello"))
    (datagram,) = session.send(b"".join(sent))
    assert session.unacknowledged == (datagram,)
    session.receive(acknowledgement(2))
    assert session.unacknowledged == (datagram,)
    session.receive(acknowledgement(1))
    assert not session.unacknowledged


def test_a_repeated_packet_is_acknowledged_again() -> None:
    session = ReliableDatagrams()
    _, sent = framed(Collecting(b"hello"))
    session.send(b"".join(sent))
    assert session.receive(control(0, b"x")).answers == ()
    (answer,) = session.receive(control(0, b"x")).answers
    packet = ControlPacket.decode(answer)
    assert (packet.opcode, packet.acks, packet.remote_session_id) == (Opcode.ACK, (0,), THEIRS)


def test_a_packet_beyond_the_window_is_dropped() -> None:
    session = ReliableDatagrams()
    for number in range(1, 1000):
        assert session.receive(control(number, b"x")).stream == b""
    stream = session.receive(control(0, b"x")).stream
    assert stream == b"".join(with_length(control(number, b"x")) for number in range(WINDOW))


@pytest.mark.parametrize(
    "stray",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        with_length(control(9, b"x")),
        with_length(control(1, b"x").replace(THEIRS, b"stranger")),
        b"\xff\xff" + b"\0" * 20,
        b"\0\0" + b"\0" * 20,
    ],
)
def test_bytes_that_are_no_packet_of_the_session_reach_the_dialogue_as_they_are(
    stray: bytes,
) -> None:
    dialogue = Collecting()
    framing, _ = framed(dialogue)
    framing.feed(with_length(control(1, b"tls")) + stray)
    framing.feed(b"more")
    assert dialogue.heard == b"tls" + stray + b"more"


def test_endless_acknowledgements_end_the_dialogue() -> None:
    dialogue = Collecting()
    framing, sent = framed(dialogue)
    unit = with_length(acknowledgement(1)) * 1_000
    fed = 0
    while framing.feed(unit) is None:
        fed += len(unit)
        assert fed <= MAX_ANSWER_LENGTH
    assert dialogue.ending is Ending.CLOSED
    assert len(packets_of(sent)) == 1
