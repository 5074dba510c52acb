# SPDX-License-Identifier: GPL-2.0-or-later
"""Debugging: understanding a machine, moving it, and telling others about it."""
