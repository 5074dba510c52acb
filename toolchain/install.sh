#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what the project needs from Debian: host tools, cross compilers,
# QEMU (the reference), third-party firmware, gdb.
#
#   toolchain/install.sh [GROUP...]     groups: host cross qemu firmware debug
#
# Looks for the tools themselves, so it costs milliseconds when all is there
# and does not care how they were installed.  What is missing is installed in
# one go, whatever its group.  If that cannot be done, the packages are named,
# and it is an error only if they belong to a GROUP that was asked for.
set -u
here=$(dirname "$0")
export DEBIAN_FRONTEND=noninteractive
exec </dev/null

have() { command -v "$1" >/dev/null 2>&1; }

sparc32() {
	have sparc64-linux-gnu-gcc &&
		[ -f "$(sparc64-linux-gnu-gcc -m32 -mcpu=leon3 -print-libgcc-file-name)" ] &&
		sparc64-linux-gnu-gcc -m32 -print-libgcc-file-name | grep -q /32/
}

# Prints "group package" for each package whose tool is not there.
missing() {
	have gcc || echo host gcc
	[ -f /usr/include/stdio.h ] || echo host libc6-dev
	"$here/python.sh" >/dev/null || echo host python3-venv
	have sparc64-linux-gnu-gcc || echo cross gcc-sparc64-linux-gnu
	sparc32 || echo cross gcc-multilib-sparc64-linux-gnu
	have arm-none-eabi-gcc || echo cross gcc-arm-none-eabi
	have i686-linux-gnu-gcc || echo cross gcc-i686-linux-gnu
	have qemu-system-sparc || echo qemu qemu-system-sparc
	have qemu-system-arm || echo qemu qemu-system-arm
	have qemu-system-i386 || echo qemu qemu-system-x86
	have gdb-multiarch || echo debug gdb-multiarch
	have dtc || echo firmware device-tree-compiler
	[ -f /usr/lib/u-boot/qemu_arm/u-boot.bin ] || echo firmware u-boot-qemu
	[ -f /usr/share/seabios/bios.bin ] || echo firmware seabios
	have e2fsck || [ -x /sbin/e2fsck ] || echo debug e2fsprogs
	ls /usr/lib/*/libslirp.so.0 >/dev/null 2>&1 || echo firmware libslirp0
}

packages() { printf '%s\n' "$1" | while read -r _ package; do printf '%s ' "$package"; done; }

lacking=$(missing)
[ -n "$lacking" ] || exit 0

if ! have apt-get; then
	root=none
elif [ "$(id -u)" = 0 ]; then
	root=
elif have sudo && sudo -n true 2>/dev/null; then
	root='sudo -n'
elif have sudo && { : >/dev/tty; } 2>/dev/null; then
	root=sudo # asks for the password on the terminal
else
	root=none
fi

if [ "$root" != none ]; then
	echo "vmm: installing $(packages "$lacking")" >&2
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	$root env DEBIAN_FRONTEND=noninteractive apt-get -q update >"$log" 2>&1
	# shellcheck disable=SC2046,SC2086 # a list of words is meant
	$root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \
		$(packages "$lacking") >>"$log" 2>&1 || tail -n 5 "$log" >&2
	lacking=$(missing)
	[ -n "$lacking" ] || exit 0
fi

status=0
for group in host cross qemu firmware debug; do
	of_group=$(printf '%s\n' "$lacking" | grep "^$group " || true)
	[ -n "$of_group" ] || continue
	case " $* " in
	*" $group "*)
		echo "vmm: error: needed and not installed: $(packages "$of_group")" >&2
		status=1
		;;
	*) echo "vmm: not installed, not needed now: $(packages "$of_group")" >&2 ;;
	esac
done
if [ $status != 0 ]; then
	echo "vmm: install them as root: apt-get install --no-install-recommends $(packages "$lacking")" >&2
fi
exit $status
