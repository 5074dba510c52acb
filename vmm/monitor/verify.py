# SPDX-License-Identifier: GPL-2.0-or-later
"""Holding a guest's note of sites against the code that was loaded.

A note is a claim of the guest's.  Nothing is patched before every site of it
lies in loaded code, apart from all others, and is the instruction that the note
says: decoded by Capstone (SPARC's privileged set by our own decoder, as Capstone
does not know it) and named by the tables that the afterburner used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import capstone

from vmm.cpu.sparc import decode as sparc
from vmm.machine.elf import ElfError, ElfFile, LoadSegment
from vmm.machine.sensitive import CLASSIFIERS, STORE, STORES, X86_PREFIXES
from vmm.machine.sites import Site, SiteError, read_sites

LONGEST = 24  # bytes of a site, padding included
SEGMENT_PREFIXES = frozenset((0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65))
THUMB_NOP = bytes.fromhex("00bf")
ALIGNMENT = {"sparc": 4, "arm": 4, "x86": 1}


@cache
def _decoder(architecture: str, thumb: bool, real_mode: bool) -> capstone.Cs:
    if architecture == "arm":
        mode = capstone.CS_MODE_THUMB if thumb else capstone.CS_MODE_ARM
        return capstone.Cs(capstone.CS_ARCH_ARM, mode | capstone.CS_MODE_V8)
    decoder = capstone.Cs(
        capstone.CS_ARCH_X86, capstone.CS_MODE_16 if real_mode else capstone.CS_MODE_32)
    decoder.syntax = capstone.CS_OPT_SYNTAX_ATT
    return decoder


def _decoded(architecture: str, site: Site, code: bytes) -> tuple[int, str, str] | None:
    """Length, mnemonic and operands of the instruction at the start of ``code``."""
    if architecture == "sparc":
        mnemonic, _, operands = sparc.text(int.from_bytes(code[:4], "big")).partition(" ")
        return 4, mnemonic, operands
    decoder = _decoder(architecture, site.thumb, site.real_mode)
    for found in decoder.disasm_lite(code, site.address, 1):
        _, length, mnemonic, operands = found
        first, _, rest = mnemonic.partition(" ")
        if first in X86_PREFIXES and rest:
            mnemonic = rest
        return int(length), mnemonic, operands
    return None


def _kind(architecture: str, mnemonic: str, operands: str) -> str | None:
    kind = CLASSIFIERS[architecture](mnemonic, operands)
    if kind is None and STORES[architecture](mnemonic, operands):
        return STORE
    return kind


def _segment(site: Site, segments: Sequence[LoadSegment]) -> LoadSegment:
    for segment in segments:
        offset = site.address - segment.virtual
        if offset >= 0 and offset + site.padded <= len(segment.data):
            return segment
    raise SiteError(f"site {site.address:#x}: not in loaded code")


def _check(architecture: str, site: Site, code: bytes) -> None:
    """That a site's ``code``, padding included, is what its note says; SiteError."""
    where = f"site {site.address:#x}"
    if not 0 < site.length <= site.padded <= LONGEST:
        raise SiteError(f"{where}: {site.length} bytes in a site of {site.padded}")
    if site.address % (2 if site.thumb else ALIGNMENT[architecture]):
        raise SiteError(f"{where}: no instruction begins at an address like this")
    own, rest = code, b""
    if site.prefixed:
        padding = code[: site.padded - site.length]
        if not set(padding) <= SEGMENT_PREFIXES:
            raise SiteError(f"{where}: its padding is no padding")
        own = code[len(padding) :]
    else:
        own, rest = code[: site.length], code[site.length :]
        if rest != THUMB_NOP * (len(rest) // 2):
            raise SiteError(f"{where}: its padding is no padding")
    if site.code and own != site.code:
        raise SiteError(f"{where}: not the instruction that its note has")
    decoded = _decoded(architecture, site, own)
    if decoded is None or decoded[0] != site.length:
        raise SiteError(f"{where}: no instruction of {site.length} bytes")
    kind = _kind(architecture, *decoded[1:])
    if kind != site.kind:
        text = " ".join(decoded[1:]).strip()
        raise SiteError(f"{where}: its note says {site.kind}, but there is {text!r}")


def verified_sites(data: bytes, architecture: str) -> tuple[Site, ...]:
    """The sites of an ELF file, all of them as their notes say, by address.

    SiteError or ElfError says in one line which is not, and why.
    """
    sites = read_sites(data, architecture)
    for first, second in pairwise(sites):
        if first.address + first.padded > second.address:
            raise SiteError(f"site {second.address:#x}: overlaps the one at {first.address:#x}")
    if sites:
        segments = ElfFile(data).segments()
        for site in sites:
            segment = _segment(site, segments)
            offset = site.address - segment.virtual
            _check(architecture, site, bytes(segment.data[offset : offset + site.padded]))
    return sites


def physical_address(data: bytes, address: int) -> int:
    """Where the loader puts what is linked at a virtual address; SiteError if nowhere."""
    for segment in ElfFile(data).segments():
        if 0 <= address - segment.virtual < segment.size:
            return segment.physical + address - segment.virtual
    raise SiteError(f"{address:#x}: not in loaded code")


__all__ = ["ElfError", "SiteError", "physical_address", "verified_sites"]
