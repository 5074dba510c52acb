# SPDX-License-Identifier: GPL-2.0-or-later
"""Perfetto traces, read with the messages that Perfetto publishes."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent
from traced import ARCHITECTURES, boot

from vmm.debug.trace.feed import Feed
from vmm.debug.trace.perfetto import Perfetto
from vmm.debug.trace.protobuf import varint
from vmm.machine.machine import Machine


@dataclass
class Track:
    """One track with its events: (time, type, name, value of a counter)."""

    name: str
    counter: bool
    events: list[tuple[int, int, str, int]] = field(default_factory=list)

    def slices(self) -> list[tuple[int, int, int, str]]:
        """(begin, end, depth, name); an end without a begin, or none, fails."""
        found, open_ = [], []
        for time, kind, name, _ in sorted(self.events, key=lambda event: event[0]):
            if kind == TrackEvent.TYPE_SLICE_BEGIN:
                open_.append((time, name))
            elif kind == TrackEvent.TYPE_SLICE_END:
                begin, name = open_.pop()
                found.append((begin, time, len(open_), name))
        assert not open_
        return found


def tracks(machine: Machine, until: int | None = None) -> dict[str, Track]:
    file = io.BytesIO()
    feed = Feed(machine)
    writer = Perfetto(feed, file)
    machine.run(until=until)
    feed.close()
    writer.finish()
    trace = Trace()
    trace.ParseFromString(file.getvalue())
    by_uuid: dict[int, Track] = {}
    names: dict[int, str] = {}
    for packet in trace.packet:
        assert not packet.FindInitializationErrors()
        assert packet.trusted_packet_sequence_id == 1
        names.update((one.iid, one.name) for one in packet.interned_data.event_names)
        if packet.HasField("track_descriptor"):
            d = packet.track_descriptor
            assert d.uuid == 1 or d.parent_uuid == 1
            by_uuid[d.uuid] = Track(d.name or d.process.process_name, d.HasField("counter"))
        if packet.HasField("track_event"):
            e = packet.track_event
            name = names[e.name_iid] if e.name_iid else e.name
            by_uuid[e.track_uuid].events.append((packet.timestamp, e.type, name, e.counter_value))
    assert len({track.name for track in by_uuid.values()}) == len(by_uuid)
    return {track.name: track for track in by_uuid.values()}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_traps_are_slices_within_supervisor_mode(guest, architecture) -> None:
    machine = boot(guest, architecture, "traps")
    found = tracks(machine, 600_000)
    cpu = machine.processor.model
    begun = Counter(
        name for _, kind, name, _ in found[f"{cpu} traps"].events
        if kind != TrackEvent.TYPE_SLICE_END
    )
    native = machine.engine.native
    assert begun == {
        machine.processor.trap_name(kind): native.traps[kind]
        for kind in range(len(native.traps)) if native.traps[kind]
    }
    modes = [s for s in found[f"{cpu} privilege"].slices() if s[3] != "asleep"]
    assert {name for _, _, _, name in modes} <= {"user", "supervisor"}
    # One follows the other without a gap.
    ordered = sorted(modes)
    assert all(a[1] == b[0] and a[3] != b[3] for a, b in pairwise(ordered))
    user = [(begin, end) for begin, end, _, name in modes if name == "user"]
    assert user
    for begin, end, _, name in found[f"{cpu} traps"].slices():
        assert not any(begin < u_end and u_begin < end for u_begin, u_end in user), name


def test_a_window_trap_within_a_trap_is_nested(guest) -> None:
    slices = tracks(boot(guest, "sparc", "traps"))["leon3 traps"].slices()
    assert max(depth for _, _, depth, _ in slices) >= 1
    # Handlers are short: what returned has an end of its own.
    overflows = [end - begin for begin, end, _, name in slices if name == "window_overflow"]
    assert len(overflows) > 100 and sorted(overflows)[len(overflows) // 2] < 10_000


def test_lines_devices_and_console_have_tracks(guest) -> None:
    machine = boot(guest, "sparc", "timers")
    found = tracks(machine, 1_600_000)
    line = found["gptimer irqmp.6"]
    assert line.counter
    levels = [value for _, kind, _, value in line.events if kind == TrackEvent.TYPE_COUNTER]
    assert levels[:3] == [0, 1, 0]
    assert any(name.startswith("write 0x80000100") for _, _, name, _ in
               found["apbuart accesses"].events)
    printed = machine.console.tail.decode().splitlines()
    assert [name for _, _, name, _ in found["console"].events][:2] == printed[:2]
    sleeps = [s for s in found["leon3 privilege"].slices() if s[3] == "asleep"]
    assert sleeps and all(end > begin and depth == 1 for begin, end, depth, _ in sleeps)


@pytest.mark.parametrize(("value", "encoded"), [
    (0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), ((1 << 64) - 1, "ff" * 9 + "01"),
])
def test_varint(value, encoded) -> None:
    assert varint(value).hex() == encoded
