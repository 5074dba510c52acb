# SPDX-License-Identifier: GPL-2.0-or-later
"""ARM guests on a virtual processor: an ARMv7-A in AArch32, without Security or
Virtualization Extensions, that runs in user mode of a real one."""
