/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <dlfcn.h>, bound to the versions that every glibc has had.
 *
 * glibc 2.34 moved these functions from libdl into libc under a new version.
 * The old versions are the same code and are still there; with them the
 * library loads wherever the engine's wheel does (glibc 2.17), so a wheel
 * built on a new host is no worse than one built on an old one.
 */
#ifndef VMM_DL_H
#define VMM_DL_H

#include <dlfcn.h>

__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver dladdr, dladdr@GLIBC_2.2.5");
__asm__(".symver dlinfo, dlinfo@GLIBC_2.3.3");

#endif
