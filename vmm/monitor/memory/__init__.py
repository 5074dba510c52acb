# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual memory of deprivileged guests: whose page tables the processor uses.

The guest believes that it sets up the MMU.  A *policy* (`base.MemoryPolicy`)
decides what the processor really translates by: shadow tables kept equal to
the guest's (`strict`), shadow tables brought up to date when the guest would
flush its TLB (`lazy`), the guest's own tables, write-protected and validated
(`exposed`), or the guest's own tables over a second stage (`nested`).

Reading order: `base`, `tables`, one of `sparc`, `arm`, `x86`, then `sources`,
`shadow`, `lazy`, `strict`; `frame_types`, `exposed`; `nested`.
"""
