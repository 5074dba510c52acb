# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that traces are written to: an error that the system reports names the file."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, AnyStr, Generic


class Output(Generic[AnyStr]):
    """A file that is being written."""

    def __init__(self, path: Path, file: IO[AnyStr]) -> None:
        self._path = path
        self._file: IO[AnyStr] = file

    def _failed(self, error: OSError) -> OSError:
        return OSError(error.errno, error.strerror, str(self._path))

    def write(self, data: AnyStr) -> None:
        """Add to the file."""
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from error

    def writelines(self, lines: Iterable[AnyStr]) -> None:
        """Add lines, which have their ends, to the file."""
        try:
            self._file.writelines(lines)
        except OSError as error:
            raise self._failed(error) from error

    def flush(self) -> None:
        """Have what was written reach the file."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Write what is left."""
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error


def text_file(path: Path, stack: ExitStack) -> Output[str]:
    """A new text file that is closed with ``stack``."""
    output = Output(path, path.open("w", encoding="utf-8"))
    stack.callback(output.close)
    return output


def binary_file(path: Path, stack: ExitStack) -> Output[bytes]:
    """A new binary file that is closed with ``stack``."""
    output = Output(path, path.open("wb"))
    stack.callback(output.close)
    return output
