! SPDX-License-Identifier: GPL-2.0-or-later
! Sleeps until the beacon has interrupted three times, and says so each time.
! sparc64-linux-gnu-gcc -m32 -mcpu=leon3 -fno-pic -nostdlib -static -Wl,-N,--no-warn-rwx-segments,--build-id=none,-Ttext=0x40000000,-e,start -o guest.elf guest.S
#define UART 0x80000100
#define PIC 0x80000200
#define BEACON 0x80000400

	.section .text
	.global start, traps
start:
	set	traps, %g1
	wr	%g1, %tbr
	wr	%g0, %wim
	set	UART, %g2
	mov	2, %g1			! transmitter on
	st	%g1, [%g2 + 8]
	set	PIC, %g3
	mov	1 << 5, %g1
	st	%g1, [%g3 + 0x40]	! the beacon's interrupt is unmasked
	set	BEACON, %g4
	set	250, %g1
	st	%g1, [%g4]		! a flash every 250 microseconds
	mov	0, %g5			! flashes that the handler has seen
	mov	0, %g6			! flashes that were told
	wr	%g0, 0xe0, %psr		! supervisor, traps on, level 0
	nop
	nop
	nop
sleep:	wr	%g0, %asr19		! power-down until an interrupt
	cmp	%g5, %g6
	be	sleep
	 inc	%g6
	set	text, %o0
print:	ldub	[%o0], %o1
	tst	%o1
	be	told
	 inc	%o0
	ba	print
	 st	%o1, [%g2]
told:	cmp	%g6, 3
	bl	sleep
	 nop
	ld	[%g4 + 4], %g1		! FLASHES: three lamps, three times
	ba	end
	 st	%g1, [%g4 + 8]
end:	ba	end
	 nop

text:	.asciz	"the beacon has flashed\n"

	.balign	4096
traps:	.skip	0x15 * 16		! traps that this guest does not have
	inc	%g5			! interrupt level 5
	jmp	%l1
	rett	%l2
	nop
	.skip	0xea * 16
