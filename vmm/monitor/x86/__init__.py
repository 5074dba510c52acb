# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual x86 processor: its state, its sensitive instructions, its monitor."""
