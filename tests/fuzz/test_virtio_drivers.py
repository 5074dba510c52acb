# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile drivers of every virtio device; `virtio_fuzz.py` says what must hold."""

from __future__ import annotations

import pytest
from virtio_fuzz import KINDS, attack

DRIVERS = 12


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_driver_hurts_its_own_device_only(kind: str) -> None:
    assert sum(attack(kind, seed) > 0 for seed in range(DRIVERS)) > DRIVERS // 2
