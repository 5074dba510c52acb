# SPDX-License-Identifier: GPL-2.0-or-later
"""The afterburner: assembly text in, the same program with its sites annotated out."""
