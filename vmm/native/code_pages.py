# SPDX-License-Identifier: GPL-2.0-or-later
"""Shadow code pages and the translation cache.  Mirror of `src/code_pages.h`."""

from __future__ import annotations

import ctypes as C

CODE_FORMS = 16  # ways for code to read: what the architecture's native layer numbers
TEMPLATE_MOST = 24  # instructions
TEMPLATE_GUARDS = 3
NO_OPERAND = 0xFF
SITE_WORD = 1  # in place of a word's address: the system register that the site names


class WordGuard(C.Structure):
    """`struct vmm_word_guard`: a word that must have a value, or the instruction is odd."""

    _fields_ = (
        ("word", C.c_uint64), ("mask", C.c_uint32), ("value", C.c_uint32),
        ("before", C.c_uint32), ("spare", C.c_uint32),
    )


class TemplateCode(C.Structure):
    """`struct vmm_template_code`: one instruction of a template."""

    _fields_ = (
        ("code", C.c_uint8 * 11), ("length", C.c_uint8), ("shift", C.c_uint8 * 2),
        ("spare", C.c_uint8 * 2), ("load", C.c_uint64), ("store", C.c_uint64),
    )


class NativeTemplate(C.Structure):
    """`struct vmm_template`: what takes the place of a sensitive instruction."""

    _fields_ = (
        ("mask", C.c_uint64), ("value", C.c_uint64), ("operation", C.c_uint32),
        ("form", C.c_uint32), ("operand_shift", C.c_uint8), ("operand_bits", C.c_uint8),
        ("guards", C.c_uint8), ("count", C.c_uint8), ("ends", C.c_uint8), ("length", C.c_uint8),
        ("excluded", C.c_uint16),
        ("guard", WordGuard * TEMPLATE_GUARDS), ("code", TemplateCode * TEMPLATE_MOST),
    )


class SiteReport(C.Structure):
    """`struct vmm_site_report`: what Python is shown of a site."""

    _fields_ = (
        ("host", C.c_uint64), ("argument", C.c_uint64), ("form", C.c_uint32),
        ("offset", C.c_uint32), ("length", C.c_uint32), ("operation", C.c_uint32),
        ("guest", C.c_uint8 * 16), ("shadow", C.c_uint8 * 16), ("cached", NativeTemplate),
    )


class SecondOpinion(C.Structure):
    """`struct vmm_second_opinion`: another decoder, asked about each new site."""

    _fields_ = (
        ("decode", C.c_void_p), ("found", C.c_void_p), ("size_offset", C.c_uint64),
        ("decoders", C.c_uint64 * CODE_FORMS),
    )
