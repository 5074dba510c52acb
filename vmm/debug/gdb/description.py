# SPDX-License-Identifier: GPL-2.0-or-later
"""The XML documents that gdb reads: the target's registers and its memory map."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from vmm.debug.gdb.registers import Feature, Target, TargetRegister
from vmm.machine.machine import Machine

HEAD = '<?xml version="1.0"?>\n'
# SSE registers as gdb's own description of them has it.
VEC128 = """\
  <vector id="v4f" type="ieee_single" count="4"/>
  <vector id="v2d" type="ieee_double" count="2"/>
  <vector id="v16i8" type="int8" count="16"/>
  <vector id="v8i16" type="int16" count="8"/>
  <vector id="v4i32" type="int32" count="4"/>
  <vector id="v2i64" type="int64" count="2"/>
  <union id="vec128">
    <field name="v4_float" type="v4f"/>
    <field name="v2_double" type="v2d"/>
    <field name="v16_int8" type="v16i8"/>
    <field name="v8_int16" type="v8i16"/>
    <field name="v4_int32" type="v4i32"/>
    <field name="v2_int64" type="v2i64"/>
    <field name="uint128" type="uint128"/>
  </union>
"""
SPACE = 1 << 32


def target_xml(target: Target) -> str:
    """``target.xml``: architecture and registers, those with fields as flags."""
    lines = [HEAD, '<!DOCTYPE target SYSTEM "gdb-target.dtd">\n', '<target version="1.0">\n',
             f"<architecture>{target.architecture}</architecture>\n"]
    number = 0
    for feature in target.features:
        lines.append(_feature(feature, number))
        number += len(feature.registers)
    return "".join([*lines, "</target>\n"])


def _feature(feature: Feature, number: int) -> str:
    lines = [f"<feature name={quoteattr(feature.name)}>\n"]
    if any(register.type == "vec128" for register in feature.registers):
        lines.append(VEC128)
    lines += [_flags(register) for register in feature.registers if register.fields]
    for offset, register in enumerate(feature.registers):
        kind = _flags_name(register) if register.fields else register.type
        group = f" group={quoteattr(register.group)}" if register.group else ""
        lines.append(
            f'  <reg name="{register.name}" bitsize="{register.bits}" type="{kind}"'
            f' regnum="{number + offset}"{group}/>\n'
        )
    return "".join([*lines, "</feature>\n"])


def _flags_name(register: TargetRegister) -> str:
    return f"{register.name}_flags"


def _flags(register: TargetRegister) -> str:
    lines = [f'  <flags id="{_flags_name(register)}" size="{register.size}">\n']
    for one in sorted(register.fields, key=lambda field: field.low):
        kind = "bool" if one.high == one.low else f"uint{register.bits}"
        lines.append(f'    <field name="{one.name}" start="{one.low}" end="{one.high}"'
                     f' type="{kind}"/>\n')
    return "".join([*lines, "  </flags>\n"])


def memory_map_xml(machine: Machine) -> str:
    """The memory map: ROM as ROM, all other addresses as RAM.

    gdb takes addresses outside the map for nothing, and it thinks in virtual addresses, which
    may be anywhere: so the map has no holes, and what is not there answers with an error.
    """
    roms = sorted((m.base, m.base + m.size) for m in machine.bus.memory if m.rom)
    lines = [HEAD, '<!DOCTYPE memory-map SYSTEM "gdb-memory-map.dtd">\n', "<memory-map>\n"]
    at = 0
    for start, end in [*roms, (SPACE, SPACE)]:
        if at < start:
            lines.append(_memory("ram", at, start))
        if max(at, start) < end:
            lines.append(_memory("rom", max(at, start), end))
        at = max(at, end)
    return "".join([*lines, "</memory-map>\n"])


def _memory(kind: str, start: int, end: int) -> str:
    return f'  <memory type="{kind}" start="{start:#x}" length="{end - start:#x}"/>\n'
