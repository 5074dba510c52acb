# SPDX-License-Identifier: GPL-2.0-or-later
"""Campaigns: thousands of runs from one state of one guest, each with one thing changed.

What is changed is what is typed, or one bit of a register or of memory at an
instruction count that is chosen at random.  A run's number and the campaign's
seed decide everything about it, so where and in which order runs are made
makes no difference.  plan.py says what is done, experiment.py does it,
spread.py hands it to processes or to a Dask cluster, table.py writes down
what came of it.
"""
