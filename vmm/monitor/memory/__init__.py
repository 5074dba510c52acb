# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory policies: what translates the addresses of a virtualized guest."""
