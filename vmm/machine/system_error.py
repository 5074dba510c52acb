# SPDX-License-Identifier: GPL-2.0-or-later
"""Why the host's system did not give us a file, as our messages say it."""

from __future__ import annotations


def reason(error: Exception) -> str:
    """What was wrong, without the name of the file; the system's own words in lower case."""
    if isinstance(error, UnicodeDecodeError):
        return "not text"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)
