# SPDX-License-Identifier: GPL-2.0-or-later
# make run    set up, build the guests, boot them on every board, print a summary
# make test   set up, then every check and test
# make bench  measure against QEMU; the history is in bench-history.jsonl
# make fuzz   random instruction streams: STREAMS each of ARCH (all) and MODE (all), from seed FIRST
# make fuzz-loaders  coverage-guided, of files: SECONDS for each TARGET (all); needs atheris
# make setup  only that: tools, virtual environment, native library (quick when all is there)
# make techniques    measure them, then figures and tables of docs/techniques.md
# make transcripts   docs/transcripts.md, from sessions of the trap shell
# make board-pages   docs/board-*.md, from the boards
# make linux  Debian's Linux for ARM and i386 with a first file system, into build/linux (fetched once)
# make guests the guest kernels and firmware, into build/
# make wheel  dist/vmm-*.whl: installs with pip, needs no compiler
# make clean  remove what the build made (not the virtual environment)

ifneq ($(words $(CURDIR)),1)
$(error $(CURDIR): make cannot build in a folder whose path has spaces)
endif

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
HISTORY ?= bench-history.jsonl
ARCH = all
MODE = all
STREAMS = 20000
FIRST = 1
TARGET = all
SECONDS = 60
NATIVE := vmm/native/libvmm_native.so
NATIVE_SOURCES := vmm/native/build.py $(wildcard vmm/native/src/*)
LINUX_SOURCES := $(addprefix toolchain/,linux.py debian.py cpio.py kernel_modules.py) \
	$(addprefix guests/linux/,init udhcpc)

# A parallel make inside ours would share one job server with pytest's workers.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: techniques transcripts board-pages linux all setup tools-host tools-cross tools-all venv guests wheel run test bench fuzz \
	fuzz-loaders lint clean distclean

all: guests

# -- set-up ---------------------------------------------------------------------

setup: tools-host venv $(NATIVE)

tools-host:
	@toolchain/install.sh host
tools-cross:
	@toolchain/install.sh host cross
tools-all:
	@toolchain/install.sh host cross qemu firmware
tools-test:
	@toolchain/install.sh host cross qemu firmware debug

# An environment whose Python has gone (moved checkout, upgraded system) is made anew.
venv: tools-host
	@$(BIN)/python -c '' 2>/dev/null || { rm -rf $(VENV) && \
		"$$(toolchain/python.sh)" -m venv $(VENV) </dev/null; }
	@$(MAKE) --no-print-directory -s $(INSTALLED)

$(INSTALLED): pyproject.toml setup.py
	@echo "vmm: installing the package and its dependencies into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
		--editable '.[dev]' </dev/null
	@touch $@

$(NATIVE): $(NATIVE_SOURCES) | venv
	@$(BIN)/python -m vmm.native.build

# -- guests and firmware ----------------------------------------------------------

guests: tools-cross
	@$(MAKE) --no-print-directory -s -C guests
	@$(MAKE) --no-print-directory -s -C firmware

# Written last is the file system, so what it stands for is all there.
linux: build/linux/arm/initrd build/linux/i386/initrd

build/linux/%/initrd: $(LINUX_SOURCES) | venv
	@$(BIN)/python toolchain/linux.py $* $(@D)

# -- the package ------------------------------------------------------------------

wheel: setup guests
	@rm -rf dist/vmm-*.whl
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --wheel-dir dist . </dev/null
	@ls -l dist/vmm-*.whl

# -- the commands -------------------------------------------------------------------

run: setup tools-all guests
	@$(BIN)/vmm showcase

test: setup tools-test guests linux lint
	@$(BIN)/python -m pytest -q -n 2

bench: setup tools-all guests
	@$(BIN)/vmm bench --json build/bench.json --history $(HISTORY)

fuzz: setup
	@$(BIN)/python tests/fuzz/streams.py --arch $(ARCH) --mode $(MODE) --streams $(STREAMS) \
		--first $(FIRST)

fuzz-loaders: setup guests
	@$(BIN)/python -c 'import atheris' 2>/dev/null || { \
		echo "vmm: installing atheris into $(VENV)" && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
			--editable '.[fuzz]' </dev/null; }
	@$(BIN)/python tests/fuzz/loaders.py --target $(TARGET) --seconds $(SECONDS)

techniques: setup guests
	@$(BIN)/vmm bench techniques --repeat 3 --json docs/figures/techniques.json
	@$(BIN)/python -m vmm.bench.techniques_docs

transcripts: setup guests
	@$(BIN)/python docs/transcripts.py

board-pages: setup
	@$(BIN)/python docs/board_pages.py

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .import_linter_cache
	rm -f $(NATIVE)
	find vmm tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)
