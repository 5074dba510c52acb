/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy strict: frames that hold the guest's tables, and who may store to which frame.
 * vmm/monitor/memory/strict.py says why. */
#include "shadow_state.h"

#include <stdlib.h>

/* What is known of a frame; NULL: nothing, and MAKE does not ask for it. */
struct shadow_frame *vmm_shadow_frame(struct vmm_shadow *s, uint64_t number, bool make)
{
    struct shadow_frame *frame = (struct shadow_frame *)vmm_shadow_find(&s->frames, number);

    if (!frame && make) {
        frame = vmm_shadow_need(sizeof *frame);
        vmm_shadow_add(&s->frames, &frame->node, number);
    }
    return frame;
}

/* Forget a frame of which there is nothing to know. */
void vmm_shadow_frame_done(struct vmm_shadow *s, struct shadow_frame *frame)
{
    if (frame->blocks || frame->stores)
        return;
    vmm_shadow_take(&s->frames, &frame->node);
    free(frame);
}

/* Whether a frame holds entries in use. */
bool vmm_shadow_holds(const struct vmm_shadow *s, uint64_t number)
{
    const struct shadow_frame *frame
        = (const struct shadow_frame *)vmm_shadow_find(&s->frames, number);

    return frame && frame->blocks;
}

/* A translation goes, or is made anew. */
void vmm_shadow_removed(struct vmm_shadow *s, struct shadow_translation *t)
{
    struct shadow_frame *frame = t->frame;

    t->withheld = SHADOW_NO_FRAME;
    if (!frame)
        return;
    t->frame = NULL;
    *t->store_link = t->store_next;
    if (t->store_next)
        t->store_next->store_link = t->store_link;
    vmm_shadow_frame_done(s, frame);
}

/* A translation may store to a frame. */
void vmm_shadow_may_store(struct vmm_shadow *s, struct shadow_translation *t, uint64_t number)
{
    struct shadow_frame *frame = vmm_shadow_frame(s, number, true);

    t->frame = frame;
    t->store_next = frame->stores;
    t->store_link = &frame->stores;
    if (t->store_next)
        t->store_next->store_link = &t->store_next;
    frame->stores = t;
}

/* A frame begins to hold entries in use: nobody may store to it any more. */
void vmm_shadow_table_begins(struct vmm_cpu *v, struct shadow_frame *frame)
{
    while (frame->stores)
        vmm_shadow_remove(v, frame->stores);
}

/* A frame was walked through. */
void vmm_shadow_walked(struct vmm_shadow *s, const struct vmm_source *sources, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct shadow_frame *frame = vmm_shadow_frame(s, sources[i].address >> 12, false);

        if (frame)
            frame->floods = 0;
    }
}

/* The current instruction stores to a protected frame. */
void vmm_shadow_storing(struct vmm_shadow *s, uint64_t number)
{
    uint32_t i = 0;

    while (i < s->storing_used && s->storing[i] != number)
        i++;
    if (i == s->storing_used && i < VMM_THROUGH)
        s->storing[s->storing_used++] = number;
}

/* A frame with tables has been stored to.  One that is stored to again and again with no walk
 * through it in between, and that the current space does not stand on, is none any more. */
static void note_flood(struct vmm_cpu *v, uint64_t number)
{
    struct vmm_shadow *s = v->shadow;
    struct shadow_frame *frame = vmm_shadow_frame(s, number, false);

    if (!frame || !frame->blocks || ++frame->floods % SHADOW_FLOOD)
        return;
    if (!vmm_shadow_stands_on(s, s->current, number))
        vmm_shadow_drop_frame(v, number);
}

/* Stores have been made to a frame: see what they have changed. */
void vmm_shadow_stored_to(struct vmm_cpu *v, uint64_t number)
{
    v->shadow->counters->updates++;
    vmm_shadow_check_frame(v, number);
    note_flood(v, number);
}
