/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the system calls, for the kernel, the programs and assembly. */
#ifndef CALLS_H
#define CALLS_H

#define CALL_NOTHING    0                  /* (x): x + 1 */
#define CALL_EXIT       1                  /* (status) */
#define CALL_FORK       2                  /* (): 0 in the child, the child's pid in the parent */
#define CALL_WAIT       3                  /* (pid): the child's status */
#define CALL_GETPID     4
#define CALL_YIELD      5
#define CALL_SLEEP      6                  /* (ticks) */
#define CALL_WRITE      7                  /* (address, length): to the console */
#define CALL_DISK_READ  8                  /* (block, address) */
#define CALL_DISK_WRITE 9                  /* (block, address) */
#define CALL_UP         10                 /* (semaphore) */
#define CALL_DOWN       11                 /* (semaphore) */
#define CALL_UNMAP      12                 /* (address, pages): zero again at the next touch */
#define CALL_SIGNAL     13                 /* (signal, handler) */
#define CALL_SIGRETURN  14                 /* (pc): where to go on, or 0 for the same instruction */
#define CALL_RAISE      15                 /* (signal) */
#define CALLS           16

#define CALL_FAILED     0xffffffff
#define CALL_SIGNALLED  0x80               /* and the signal: the status of who was ended by it */
#define SEMAPHORES      8
#define BLOCK           512
#define BLOCKS          128

#endif
