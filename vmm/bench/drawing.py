# SPDX-License-Identifier: GPL-2.0-or-later
"""Bar charts as SVG: groups of horizontal bars on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

LABEL, PLOT, VALUE = 150, 420, 70  # widths, in pixels
BAR, GAP, GROUP, TOP, BOTTOM = 12, 2, 12, 48, 30  # heights
COLOURS = ("#30507a", "#4d8a8b", "#8fb15a", "#d9a441", "#c4583d", "#7d4a86", "#888888", "#333333")


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 11) -> str:
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}">'
            f"{escape(text)}</text>")


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{colour}"/>')


def bars(
    title: str, groups: Mapping[str, Mapping[str, float]], series: Sequence[str], axis: str,
) -> str:
    """A chart: for each group a bar for each of ``series`` that it has a positive value for.

    ``axis`` says what the values are.  The axis is logarithmic, from a power of ten at or
    below the smallest value to one above the largest.  ValueError if there is no value.
    """
    values = [v for group in groups.values() for name, v in group.items() if name in series]
    values = [value for value in values if value > 0]
    if not values:
        raise ValueError(f"{title}: nothing to draw")
    low = math.floor(math.log10(min(values)))
    high = max(low + 1, math.ceil(math.log10(max(values))))

    def across(value: float) -> float:
        return LABEL + PLOT * (math.log10(value) - low) / (high - low)

    parts = [_text(LABEL, 16, title, size=13)]
    x = float(LABEL)
    for number, name in enumerate(series):
        parts += [_box(x, 26, 10, 10, COLOURS[number % len(COLOURS)]), _text(x + 14, 35, name)]
        x += 30 + 6.2 * len(name)
    width = max(LABEL + PLOT + VALUE, x)
    y = float(TOP)
    for label, group in groups.items():
        shown = [(n, name) for n, name in enumerate(series) if group.get(name, 0) > 0]
        height = len(shown) * (BAR + GAP)
        parts.append(_text(LABEL - 8, y + height / 2 + 3, label, "end"))
        for number, name in shown:
            end = across(group[name])
            parts += [
                _box(LABEL, y, max(end - LABEL, 1), BAR, COLOURS[number % len(COLOURS)]),
                _text(end + 4, y + BAR - 2, f"{group[name]:.3g}", size=10),
            ]
            y += BAR + GAP
        y += GROUP
    for power in range(low, high + 1):
        at = across(10.0**power)
        parts.insert(0, f'<line x1="{at:.1f}" y1="{TOP - 4}" x2="{at:.1f}" y2="{y:.0f}" '
                        'stroke="#cccccc"/>')
        parts.append(_text(at, y + 12, f"{10.0**power:g}", "middle", 10))
    parts.append(_text(LABEL + PLOT / 2, y + 26, axis, "middle"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{y + BOTTOM:.0f}" '
        'font-family="sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts) + "\n</svg>\n"
    )
