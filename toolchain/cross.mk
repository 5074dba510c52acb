# Cross compilers: Debian's packages, and the flags every guest shares.
# Used by guests/Makefile and firmware/Makefile; `make -C guests` alone works too.

SPARC_PREFIX ?= sparc64-linux-gnu-
ARM_PREFIX   ?= arm-none-eabi-
X86_PREFIX   ?= i686-linux-gnu-

FREESTANDING := -std=gnu11 -O2 -g -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
	-nostdlib -static -ffile-prefix-map=$(TOP)=/vmm
LINK := -Wl,--build-id=none -Wl,--no-warn-execstack -Wl,--no-warn-rwx-segments

SPARC_FLAGS := -m32 -mcpu=leon3 -mlong-double-64
ARM_FLAGS   := -mcpu=cortex-a15 -mfloat-abi=soft -marm
X86_FLAGS   := -m32 -march=i686 -mno-sse -mno-mmx
