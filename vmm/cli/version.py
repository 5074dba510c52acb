# SPDX-License-Identifier: GPL-2.0-or-later
"""`vmm --version`: which vmm, and on which build of which engine it stands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import vmm


def engine() -> str:
    """The installed engine and its build id, which decides whether vmm knows its inside."""
    import importlib.metadata

    from vmm.native import library

    try:
        version = importlib.metadata.version("unicorn")
        build = library.build_id(library.engine_path())
    except importlib.metadata.PackageNotFoundError:
        return "no engine: pip install unicorn==2.1.4"
    except (library.NativeError, OSError) as error:
        return f"no engine: {error}"
    return f"unicorn {version}, build id {build or 'none'}"


class Version(argparse.Action):
    """Prints the version and ends; looks at the engine only when asked."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0,
                         help="the version, the engine and its build id")

    def __call__(self, parser: argparse.ArgumentParser, *ignored: Any) -> None:
        print(f"vmm {vmm.__version__} ({engine()})")
        parser.exit()
