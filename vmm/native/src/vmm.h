/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The native side of a processor: mechanism only, no policy.
 *
 * This library defines functions with the same names as the engine's own and
 * is loaded before it, so the engine's calls come here first.  A struct
 * vmm_cpu is the state of one engine (cpu.h); the other headers have a part of
 * it and of the library each, by the names of the modules in vmm/native that
 * mirror them for Python.
 */
#ifndef VMM_H
#define VMM_H

#include "cpu.h"
#include "translation.h"

#endif
