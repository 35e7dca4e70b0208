/* Intrusive doubly linked list: a head and members of the same type, circular. */
#pragma once

#include "base/attr.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

/* Puts a member at the end of the list. */
static inline void list_append(struct list *head, struct list *member)
{
    member->prev = head->prev;
    member->next = head;
    head->prev->next = member;
    head->prev = member;
}

/* Takes a member out and leaves it as a list of its own (removing twice is harmless). */
static inline void list_remove(struct list *member)
{
    member->prev->next = member->next;
    member->next->prev = member->prev;
    list_init(member);
}

/* First member, or NULL when empty. */
static inline struct list *list_first(const struct list *head)
{
    return list_is_empty(head) ? NULL : head->next;
}

/* Walks the members; the current one may not be removed. */
#define list_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
