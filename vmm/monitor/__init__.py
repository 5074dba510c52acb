# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to run a guest kernel that is not at home on the processor.

A machine is built by its board as always.  A *monitor* then takes its
processor over: what the guest believes about privilege lives in a *virtual
CPU*, a plain data object, and a *technique* decides how sensitive
instructions get there.
"""
