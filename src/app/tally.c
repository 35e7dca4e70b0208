/* Counters of all threads added up. */
#include "app/tally.h"

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
