/* Lists of flows, linked by names of 32 bits (slab_ref). `link` is the offset in struct flow of the
 * struct flow_link that the list uses: offsetof, known when it is compiled. */
#pragma once

#include <stddef.h>

#include "base/slab.h"
#include "model/flow.h"

struct flow_list {
    uint32_t first, last; /* 0: empty */
};

static inline struct flow_link *flow_link_of(uint8_t *space, uint32_t ref, size_t link)
{
    return (struct flow_link *)(void *)((uint8_t *)slab_at(space, ref) + link);
}

static inline void flow_list_append(struct flow_list *l, uint8_t *space, struct flow *flow,
                                    size_t link)
{
    uint32_t ref = slab_ref(space, flow);
    *flow_link_of(space, ref, link) = (struct flow_link){ .prev = l->last };
    if (l->last)
        flow_link_of(space, l->last, link)->next = ref;
    else
        l->first = ref;
    l->last = ref;
}

static inline void flow_list_remove(struct flow_list *l, uint8_t *space, const struct flow *flow,
                                    size_t link)
{
    struct flow_link at = *flow_link_of(space, slab_ref(space, flow), link);
    if (at.next)
        flow_link_of(space, at.next, link)->prev = at.prev;
    else
        l->last = at.prev;
    if (at.prev)
        flow_link_of(space, at.prev, link)->next = at.next;
    else
        l->first = at.next;
}
