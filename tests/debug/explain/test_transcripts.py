# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/transcripts.md shows what the shell says today."""

from __future__ import annotations

import sys

import pytest
from stops import TOP

sys.path.insert(0, str(TOP / "docs"))
import transcripts

DOCUMENT = transcripts.DOCUMENT.read_text()


@pytest.mark.parametrize("one", transcripts.OWN, ids=lambda one: one.heading)
def test_transcript_of_our_guests_is_up_to_date(
    one: transcripts.Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(TOP)
    assert transcripts.session(one) in DOCUMENT, "make transcripts writes it anew"


@pytest.mark.parametrize("one", transcripts.OTHERS, ids=lambda one: one.heading)
def test_transcript_of_firmware_shows_the_change(
    one: transcripts.Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of the firmware has other addresses, and the same story."""
    monkeypatch.chdir(TOP)
    assert f"## {one.heading}" in DOCUMENT
    text = transcripts.session(one)
    if one.heading.startswith("SeaBIOS"):
        assert "PE   0  1  protected mode" in text and text.rstrip().endswith("0 = 0x0\n```")
    else:
        before, after, again = [line for line in text.splitlines() if line.startswith("vbar = ")]
        assert before == again == "vbar = 00000000" != after
