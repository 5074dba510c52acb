# SPDX-License-Identifier: GPL-2.0-or-later
"""Self-tests of the engine and the native layer, as `vmm doctor` runs them."""

from vmm.cpu.selftest.scratch import Mismatch
from vmm.cpu.selftest.tests import TESTS, SelfTest

__all__ = ["TESTS", "Mismatch", "SelfTest"]
