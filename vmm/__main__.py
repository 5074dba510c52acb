# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m vmm` is the `vmm` command."""

import sys

from vmm.cli.main import main

sys.exit(main())
