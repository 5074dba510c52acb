/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of shadow tables' parts, by number. */
#include "shadow_state.h"

#include <stdlib.h>

enum { SMALLEST = 64 };

void *vmm_shadow_need(size_t size)
{
    void *found = calloc(1, size);

    if (!found)
        vmm_engine_abort("no memory for shadow tables");
    return found;
}

static struct shadow_node **head(const struct shadow_table *table, uint64_t key)
{
    return &table->heads[(key * 0x9e3779b97f4a7c15ull >> 32) & (table->size - 1)];
}

struct shadow_node *vmm_shadow_find(const struct shadow_table *table, uint64_t key)
{
    struct shadow_node *node;

    if (!table->size)
        return NULL;
    for (node = *head(table, key); node && node->key != key; node = node->next)
        ;
    return node;
}

static void put(struct shadow_table *table, struct shadow_node *node)
{
    struct shadow_node **at = head(table, node->key);

    node->next = *at;
    *at = node;
}

static void grow(struct shadow_table *table)
{
    struct shadow_node **before = table->heads;
    uint32_t size = table->size;

    table->size = size ? 2 * size : SMALLEST;
    table->heads = vmm_shadow_need(table->size * sizeof *table->heads);
    for (uint32_t i = 0; i < size; i++)
        for (struct shadow_node *node = before[i], *next; node; node = next) {
            next = node->next;
            put(table, node);
        }
    free(before);
}

/* There must be none of this key. */
void vmm_shadow_add(struct shadow_table *table, struct shadow_node *node, uint64_t key)
{
    if (table->count == table->size)
        grow(table);
    table->count++;
    node->key = key;
    put(table, node);
}

/* Take out a node that is there. */
void vmm_shadow_take(struct shadow_table *table, struct shadow_node *node)
{
    struct shadow_node **at = head(table, node->key);

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    table->count--;
}
