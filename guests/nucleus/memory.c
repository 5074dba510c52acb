/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames, and the pages of user space.
 *
 * No table says what belongs where: text is the image itself, mapped read-only; data begins as a
 * copy of the image; everything else begins as zeroes.  A page that may be written but whose entry
 * does not say so is shared since a fork: the first store copies it (copy-on-write).
 */
#include "nucleus.h"

extern u8 user_image[];                    /* as loaded, from USER_BASE on */
extern const char user_text_end[], user_image_end[];

static u8 pool[FRAMES][PAGE] __attribute__((aligned(PAGE)));
static u8 sharers[FRAMES];
static u16 free_list[FRAMES];
static u32 free_count;

void frames_open(void)
{
    for (u32 i = 0; i < FRAMES; i++)
        free_list[free_count++] = (u16)(FRAMES - 1 - i);
}

static u32 pool_index(const u8 *frame)     /* FRAMES or more: a page of the image */
{
    return (u32)(frame - pool[0]) / PAGE;
}

static void page_fill(u8 *frame, const u8 *from)
{
    u32 *to = (u32 *)frame;
    const u32 *source = (const u32 *)from;
    for (u32 i = 0; i < PAGE / 4; i++)
        to[i] = source ? source[i] : 0;
}

u8 *frame_allocate(void)
{
    u32 flags = irq_save();
    if (!free_count)
        panic("out of memory");
    u32 index = free_list[--free_count];
    sharers[index] = 1;
    irq_restore(flags);
    page_fill(pool[index], 0);
    return pool[index];
}

static void frame_share(u8 *frame)
{
    u32 flags = irq_save(), index = pool_index(frame);
    if (index < FRAMES)
        sharers[index]++;
    irq_restore(flags);
}

void frame_release(u8 *frame)
{
    u32 flags = irq_save(), index = pool_index(frame);
    if (index < FRAMES && !--sharers[index])
        free_list[free_count++] = (u16)index;
    irq_restore(flags);
}

u32 frames_free(void)
{
    return free_count;
}

/* The test at power-on, 16 frames a round: each word keeps what is written to it. */
void memory_test(u32 rounds)
{
    for (u32 round = 0; round < rounds; round++)
        for (u32 frame = round * 16 % FRAMES, end = frame + 16; frame < end; frame++) {
            volatile u32 *word = (volatile u32 *)pool[frame];
            for (u32 i = 0; i < PAGE / 4; i++)
                word[i] = (u32)&word[i] ^ round;
            for (u32 i = 0; i < PAGE / 4; i++)
                if (word[i] != ((u32)&word[i] ^ round))
                    panic("memory is broken");
        }
}

static int is_user(u32 address)
{
    return address - USER_BASE < HEAP_END - USER_BASE
        || address - STACK_BASE < USER_END - STACK_BASE;
}

static void map(u32 address, u8 *frame, u32 rights)
{
    pte_set(space_entry(&current->space, address), pte_make(frame, rights));
    tlb_flush_page(&current->space, address);
}

int page_fault(u32 address, enum access access)
{
    if (!is_user(address))
        return 0;
    u32 page = address & ~(PAGE - 1), entry = *space_entry(&current->space, page);
    int text = page < (u32)user_text_end;
    u8 *image = page < (u32)user_image_end ? user_image + (page - USER_BASE) : 0;

    if (access == STORE ? text : access == FETCH && !text)
        return 0;
    if (!pte_present(entry)) {
        u8 *frame = text ? image : frame_allocate();
        if (image && !text)
            page_fill(frame, image);
        map(page, frame, text ? RIGHT_EXEC : RIGHT_WRITE);
        return 1;
    }
    if (access != STORE || pte_writable(entry))
        return 0;                          /* allowed, and yet it failed: a user may not */
    u8 *shared = pte_frame(entry), *own = shared;
    if (sharers[pool_index(shared)] > 1) {
        own = frame_allocate();
        page_fill(own, shared);
        frame_release(shared);
    }
    map(page, own, RIGHT_WRITE);
    return 1;
}

u8 *user_page(u32 address, enum access access)
{
    if (!is_user(address))
        return 0;
    u32 *entry = space_entry(&current->space, address);
    if ((!pte_present(*entry) || (access == STORE && !pte_writable(*entry)))
        && !page_fault(address, access))
        return 0;
    return pte_frame(*entry) + address % PAGE;
}

static int copy_user(u32 user, u8 *kernel, u32 length, enum access access)
{
    while (length) {
        u8 *page = user_page(user, access);
        u32 run = PAGE - user % PAGE;
        if (!page)
            return 0;
        if (run > length)
            run = length;
        for (u32 i = 0; i < run; i++)
            if (access == STORE)
                page[i] = kernel[i];
            else
                kernel[i] = page[i];
        user += run, kernel += run, length -= run;
    }
    return 1;
}

int copy_from_user(void *to, u32 from, u32 length)
{
    return copy_user(from, to, length, LOAD);
}

int copy_to_user(u32 to, const void *from, u32 length)
{
    return copy_user(to, (u8 *)from, length, STORE);
}

/* An entry of a table that is in no use, so that nobody has to be told. */
static void pte_put(u32 *entry, u32 value)
{
    *(volatile u32 *)entry = value;
}

/* Both see the same frames, and neither may write to them before it has its own. */
void memory_share(struct process *parent, struct process *child)
{
    for (u32 address = USER_BASE; address < USER_END; address += PAGE) {
        u32 *entry = space_entry(&parent->space, address);
        if (!pte_present(*entry))
            continue;
        u32 shared = pte_read_only(*entry);
        if (shared != *entry)
            pte_set(entry, shared);
        pte_put(space_entry(&child->space, address), shared);
        frame_share(pte_frame(shared));
    }
    tlb_flush_space(&parent->space);
    windows_forget(&parent->windows);
}

/* No frame is given away while a translation may still lead to it. */
void memory_unmap(struct process *process, u32 first, u32 pages)
{
    enum { BATCH = 64 };
    u8 *gone[BATCH];

    windows_forget(&process->windows);
    for (u32 begin = 0; begin < pages; begin += BATCH) {
        u32 count = 0;
        for (u32 page = begin; page < pages && page < begin + BATCH; page++) {
            u32 *entry = space_entry(&process->space, first + page * PAGE);
            if (!pte_present(*entry))
                continue;
            gone[count++] = pte_frame(*entry);
            pte_set(entry, 0);
        }
        if (count)
            tlb_flush_space(&process->space);
        while (count)
            frame_release(gone[--count]);
    }
}

void memory_drop(struct process *process)
{
    windows_forget(&process->windows);
    tlb_flush_space(&process->space);
    space_release(&process->space);
    for (u32 address = USER_BASE; address < USER_END; address += PAGE) {
        u32 *entry = space_entry(&process->space, address);
        if (!pte_present(*entry))
            continue;
        frame_release(pte_frame(*entry));
        pte_put(entry, 0);
    }
}
