# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests whose subject is a guest: descriptions, a parallel runner, a pytest plug-in, campaigns.

`vmm test` (vmm/cli/test.py) and the pytest plug-in (plugin.py) both read the
descriptions of description.py and run them by run.py.  docs/testing.md.
"""
