/* The table of clients. A number is a generation above 24 bits of a place in the table. */
#include "in/client.h"

#include "base/bug.h"

#define PLACE_BITS 24
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)
#define FIRST_CAP  64

void clients_init(struct clients *t)
{
    *t = (struct clients){ .cap = FIRST_CAP };
    t->slot = xcalloc(t->cap, sizeof(struct client *));
    list_init(&t->waiting);
}

void clients_free(struct clients *t)
{
    xfree(t->slot);
}

static unsigned free_place(struct clients *t)
{
    if (t->n == t->cap) {
        t->slot = xrealloc(t->slot, 2 * t->cap * sizeof(struct client *));
        for (unsigned i = t->cap; i < 2 * t->cap; i++)
            t->slot[i] = NULL;
        t->free_from = t->cap;
        t->cap *= 2;
        BUG_ON(t->cap > PLACE_MASK);
    }
    while (t->slot[t->free_from])
        t->free_from = (t->free_from + 1) % t->cap;
    return t->free_from;
}

void clients_add(struct clients *t, struct client *c)
{
    unsigned place = free_place(t);
    c->number = ++t->generation << PLACE_BITS | place;
    c->batch = 0;
    c->unanswered = 0;
    list_init(&c->waiting);
    t->slot[place] = c;
    t->n++;
}

void clients_remove(struct clients *t, struct client *c)
{
    list_remove(&c->waiting);
    t->slot[c->number & PLACE_MASK] = NULL;
    t->n--;
}

struct client *clients_find(const struct clients *t, uint64_t number)
{
    struct client *c = (number & PLACE_MASK) < t->cap ? t->slot[number & PLACE_MASK] : NULL;
    return c && c->number == number ? c : NULL;
}

void clients_wait(struct clients *t, struct client *c)
{
    list_remove(&c->waiting);
    list_append(&t->waiting, &c->waiting);
}

struct client *clients_next_waiting(struct clients *t)
{
    struct list *first = list_first(&t->waiting);
    if (!first)
        return NULL;
    list_remove(first);
    return container_of(first, struct client, waiting);
}

void clients_each(struct clients *t, void (*each)(struct client *c, void *ctx), void *ctx)
{
    for (unsigned i = 0; i < t->cap; i++)
        if (t->slot[i])
            each(t->slot[i], ctx);
}
