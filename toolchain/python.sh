#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a Python of at least 3.11 that can make virtual environments.
# Fails if there is none.  $PYTHON, if set, is the first choice.
#
# Each candidate is run, not looked up: a version manager's shim may be first
# on the path and lead nowhere, and Debian's python3 has no ensurepip until
# python3-venv is installed.
probe='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
	if "$candidate" -c "$probe" </dev/null >/dev/null 2>&1; then
		command -v "$candidate"
		exit 0
	fi
done
exit 1
