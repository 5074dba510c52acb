# SPDX-License-Identifier: GPL-2.0-or-later
"""SPARC V8 (LEON3) guests in user mode.

Reading order: `vcpu` (what is virtual), `processor`, `decode` (the privileged
set), `emulate`, `spaces` (alternate spaces), `monitor`.
"""
