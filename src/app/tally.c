/* Counters of all threads added up. */
#include "app/tally.h"

#include "base/buf.h"
#include "proto/proto.h"

void tally_add(struct tally *t, const struct counters *c)
{
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        t->v[i] += atomic_load_explicit(&c->v[i], memory_order_relaxed);
    for (unsigned p = 0; p < COUNTER_PROTOS; p++)
        for (unsigned i = 0; i < PC_COUNT; i++)
            t->proto[p][i] += atomic_load_explicit(&c->proto[p][i], memory_order_relaxed);
}

void tally_print(FILE *out, const struct tally *t)
{
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        if (t->v[i])
            fprintf(out, "%-28s %12llu %s\n", counter_rows[i].name, (unsigned long long)t->v[i],
                    counter_rows[i].unit);
    for (unsigned p = 0; p < PROTO_COUNT; p++)
        for (unsigned i = 0; i < PC_COUNT; i++) {
            char name[64];
            if (!t->proto[p][i])
                continue;
            snprintf(name, sizeof name, "%s.%s", protos[p]->name, proto_counter_rows[i].name);
            fprintf(out, "%-28s %12llu %s\n", name, (unsigned long long)t->proto[p][i],
                    proto_counter_rows[i].unit);
        }
}

/* "group.name": opens the group's object when it is another than before. */
static void put_number(struct buf *b, struct slice *group, struct slice name, uint64_t v)
{
    ptrdiff_t dot = slice_find(name, '.');
    struct slice head = slice_first(name, dot < 0 ? 0 : (size_t)dot);
    struct slice tail = slice_after(name, dot < 0 ? 0 : (size_t)dot + 1);
    if (!group->p || !slice_eq(*group, head)) {
        buf_cstr(b, group->p ? "},\"" : "\"");
        buf_add(b, head);
        buf_lit(b, "\":{");
        *group = head;
    } else {
        buf_u8(b, ',');
    }
    buf_u8(b, '"');
    buf_add(b, tail);
    buf_lit(b, "\":");
    buf_dec(b, v);
}

static void put_protocols(struct buf *b, struct slice *group, const struct tally *t,
                          const struct tally *before)
{
    for (unsigned p = 0; p < PROTO_COUNT; p++) {
        for (unsigned i = 0; i < PC_COUNT; i++) {
            uint64_t v = t->proto[p][i] - (before ? before->proto[p][i] : 0);
            char name[64];
            if (!v)
                continue;
            snprintf(name, sizeof name, "%s.%s", protos[p]->name, proto_counter_rows[i].name);
            put_number(b, group, slice_cstr(name), v);
            *group = slice_cstr(protos[p]->name); /* name is on the stack */
        }
    }
}

bool tally_json(struct buf *b, const struct tally *t, const struct tally *before)
{
    struct slice group = slice_of(NULL, 0);
    buf_u8(b, '{');
    for (unsigned i = 0; i < COUNTER_COUNT; i++) {
        uint64_t v = t->v[i] - (before ? before->v[i] : 0);
        if (v)
            put_number(b, &group, slice_cstr(counter_rows[i].name), v);
    }
    put_protocols(b, &group, t, before);
    buf_cstr(b, group.p ? "}}" : "}");
    return group.p != NULL;
}
