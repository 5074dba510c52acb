# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks that a guest's port can be plugged into, and captures of what passes.

`user`: NAT through libslirp; `switch`: machines of one host; `pcapng`: captures.
"""
