# SPDX-License-Identifier: GPL-2.0-or-later
"""The switch: what it learns, where frames go, who is kept apart."""

from __future__ import annotations

from vmm.network.switch import ADDRESSES, Switch, SwitchPort


class Host:
    """Somebody on a cable."""

    def __init__(self, switch: Switch, number: int, isolated: bool = False) -> None:
        self.mac = bytes([2, 0, 0, 0, 0, number])
        self.got: list[bytes] = []
        self.switch = switch
        self.port = SwitchPort(f"port{number}", self.got.append, isolated)
        switch.add(self.port)

    def send(self, to: bytes) -> bytes:
        frame = to + self.mac + b"\x88\xb5" + bytes(46)
        self.switch.frame(self.port, frame)
        return frame


def test_frames_to_known_addresses_go_there_only() -> None:
    switch = Switch()
    one, two, three = (Host(switch, n) for n in (1, 2, 3))
    first = one.send(two.mac)  # not known yet: everywhere but back
    assert two.got == three.got == [first] and one.got == []
    answer = two.send(one.mac)
    assert one.got == [answer] and three.got == [first]
    everybody = three.send(b"\xff" * 6)
    assert one.got[-1] == two.got[-1] == everybody and three.got == [first]
    assert one.send(one.mac) and one.got[-1] == everybody  # to itself: nowhere


def test_an_address_that_moves_is_learnt_anew() -> None:
    switch = Switch()
    one, two, three = (Host(switch, n) for n in (1, 2, 3))
    one.send(b"\xff" * 6)
    switch.frame(two.port, b"\xff" * 6 + one.mac + b"\x88\xb5" + bytes(46))
    three.send(one.mac)
    assert switch.where(one.mac) is two.port
    assert len(two.got) == 2 and len(one.got) == 1
    switch.remove(two.port)
    assert switch.where(one.mac) is None


def test_isolated_ports_do_not_see_each_other() -> None:
    switch = Switch()
    server = Host(switch, 1)
    guests = [Host(switch, n, isolated=True) for n in (2, 3)]
    guests[0].send(b"\xff" * 6)
    assert len(server.got) == 1 and guests[1].got == []
    guests[1].send(guests[0].mac)  # learnt, and still no way
    assert guests[0].got == []
    server.send(guests[0].mac)
    assert len(guests[0].got) == 1 and guests[1].got == []


def test_what_no_bridge_forwards() -> None:
    switch = Switch()
    one, two = Host(switch, 1), Host(switch, 2)
    one.send(bytes.fromhex("0180c2000000"))
    switch.frame(one.port, b"\xff" * 6 + b"\x03" + bytes(5) + b"\x88\xb5")  # from a group address
    switch.frame(one.port, b"\xff" * 8)
    assert two.got == [] and switch.dropped == 3 and one.port.received == 3
    one.send(bytes.fromhex("0180c2000010"))
    assert len(two.got) == 1


def test_a_flood_of_addresses_forgets_the_oldest() -> None:
    switch = Switch()
    one, two = Host(switch, 1), Host(switch, 2)
    two.send(b"\xff" * 6)
    for number in range(ADDRESSES):
        mac = b"\x02\x01" + number.to_bytes(4, "big")
        switch.frame(one.port, b"\xff" * 6 + mac + b"\x88\xb5" + bytes(46))
    assert switch.where(two.mac) is None
    assert switch.where(b"\x02\x01" + bytes(4)) is one.port
