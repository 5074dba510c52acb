# Typed at gdb by tests/debug/test_gdb_sessions.py; below each command parts of what it prints.
# Symbols, breakpoints, stepping
(gdb) target remote SOCKET
  Remote debugging using
(gdb) info threads
  * 1    Thread 1 (CPU 0 leon3 of leon3)
(gdb) info registers pc psr
  pc
  psr
  S PIL=0
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
(gdb) print trap_count
  = 0
(gdb) print $psr
  = [
# Watchpoints
(gdb) watch trap_count
  Hardware watchpoint 3: trap_count
(gdb) rwatch trap_count
  Hardware read watchpoint 4: trap_count
(gdb) info watchpoints
  3       hw watchpoint   keep y              trap_count
  4       read watchpoint keep y              trap_count
(gdb) continue
  Hardware read watchpoint 4: trap_count
  Value = 0
(gdb) delete 4
(gdb) continue
  Hardware watchpoint 3: trap_count
  Old value = 0
  New value = 1
(gdb) print trap_count
  = 1
(gdb) continue
  Hardware watchpoint 3: trap_count
  Old value = 1
  New value = 2
# Backwards
(gdb) reverse-continue
  Hardware watchpoint 3: trap_count
  Old value = 2
  New value = 1
(gdb) print trap_count
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
(gdb) monitor registers psr
  psr = 
(gdb) monitor frobnicate
  frobnicate
# Memory
(gdb) x/2xw main
  <main>:	0x
(gdb) x/xw 0x80000100
  Cannot access memory at address 0x80000100
(gdb) compare-sections .text
  matched.
(gdb) print scratch
  = {0 <repeats 16 times>}
(gdb) set var scratch[3] = 7
(gdb) print scratch[3]
  = 7
# An endless loop, Ctrl-C, detach and attach
(gdb) continue
  Breakpoint 1, main () at
(gdb) delete
(gdb) set var *(int *) $pc = 0x10800000
(gdb) set var *(int *) ($pc + 4) = 0x01000000
(gdb) ^C continue
  Continuing.
  Program received signal SIGINT, Interrupt.
(gdb) info symbol $pc
  main
(gdb) stepi 5
(gdb) reverse-stepi 3
(gdb) info symbol $pc
  main
(gdb) info registers g1 mmu_control
  g1
  mmu_control
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
