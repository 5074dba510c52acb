# Typed at gdb by tests/debug/test_gdb_sessions.py; below each command parts of what it prints.
# Symbols, breakpoints, stepping
(gdb) target remote SOCKET
  Remote debugging using
(gdb) info threads
  * 1    Thread 1 (CPU 0 qemu32 of pc)
(gdb) info registers eip eflags
  eip
  eflags
  [ IOPL=0 ]
(gdb) break main
  Breakpoint 1 at 0x
  main.c, line
(gdb) tbreak trap
  Temporary breakpoint 2 at 0x
(gdb) info breakpoints
  1       breakpoint     keep y
  in main at
  2       breakpoint     del  y
(gdb) continue
  Continuing.
  Breakpoint 1, main () at
  main.c:
(gdb) backtrace
  #0  main () at
(gdb) info frame
  Stack level 0, frame at 0x
  in main (
  source language c.
(gdb) info line
  starts at address 0x
  <main
(gdb) list main,+2
  print
(gdb) info symbol $pc
  main
(gdb) stepi
(gdb) x/2i $pc
  => 0x
  <main+
(gdb) step
(gdb) next
(gdb) continue
  Continuing.
  Temporary breakpoint 2
(gdb) backtrace 1
  #0  trap (
  (More stack frames follow...)
(gdb) info symbol $pc
  trap in section .text
(gdb) print reported
  = 0
(gdb) print $eflags
  = [
# Watchpoints
(gdb) watch reported
  Hardware watchpoint 3: reported
(gdb) rwatch reported
  Hardware read watchpoint 4: reported
(gdb) info watchpoints
  3       hw watchpoint   keep y              reported
  4       read watchpoint keep y              reported
(gdb) continue
  Hardware read watchpoint 4: reported
  Value = 0
(gdb) delete 4
(gdb) continue
  Hardware watchpoint 3: reported
  Old value = 0
  New value = 1
(gdb) print reported
  = 1
(gdb) continue
  Hardware watchpoint 3: reported
  Old value = 1
  New value = 2
# Backwards
(gdb) reverse-continue
  Hardware watchpoint 3: reported
  Old value = 2
  New value = 1
(gdb) print reported
  = 1
(gdb) reverse-continue
  Old value = 1
  New value = 0
(gdb) delete 3
(gdb) reverse-continue
  Breakpoint 1, main () at
(gdb) reverse-stepi
(gdb) stepi
  Breakpoint 1, main () at
(gdb) reverse-continue
  No more reverse-execution history.
# The machine's own commands
(gdb) monitor info
  0 instructions, 0 traps
  0.000000000 s virtual
(gdb) monitor help
  trap, t
  explain
(gdb) monitor registers eflags
  eflags = 
(gdb) monitor frobnicate
  frobnicate
# Memory
(gdb) x/2xw main
  <main>:	0x
(gdb) x/xw 0xe0000000
  Cannot access memory at address 0xe0000000
(gdb) compare-sections .text
  matched.
(gdb) print seen
  = {0 <repeats 16 times>}
(gdb) set var seen[3] = 7
(gdb) print seen[3]
  = 7
# An endless loop, Ctrl-C, detach and attach
(gdb) continue
  Breakpoint 1, main () at
(gdb) delete
(gdb) set var *(short *) $pc = 0xfeeb
(gdb) ^C continue
  Continuing.
  Program received signal SIGINT, Interrupt.
(gdb) info symbol $pc
  main
(gdb) stepi 5
(gdb) reverse-stepi 3
(gdb) info symbol $pc
  main
(gdb) info registers cr0 xmm1
  cr0
  xmm1
(gdb) detach
  [Inferior 1 (Remote target) detached]
(gdb) target remote SOCKET
  Remote debugging using
(gdb) info symbol $pc
  main
(gdb) backtrace 1
  #0  
(gdb) kill
  [Inferior 1 (Remote target) killed]
