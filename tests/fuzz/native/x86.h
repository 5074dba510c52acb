/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_X86_H
#define FUZZ_X86_H
#include "fuzz.h"

/* Fill the region's code page with random instructions. */
void x86_code(struct fuzz *f, bool big);

#endif
