/* GELF payloads become messages. */
#include "in/gelf_put.h"

#include "os/clock.h"

static void refuse(struct gelf_put *g, struct slice payload, const struct message_origin *origin,
                   const char *reason, bool stored)
{
    struct refusal refusal = {
        .origin = origin, .reason = reason, .document = payload, .stored = stored
    };
    char peer[64];
    struct buf b = buf_of(peer, sizeof peer - 1);
    buf_addr(&b, &origin->ip);
    peer[b.n] = '\0';
    intake_refuse(g->intake, &refusal);
    complain(&g->refused, clock_mono_ns(), "%s: a message of %s: %s", origin->input, peer, reason);
}

static enum gelf_result read_message(struct gelf_put *g, struct slice payload, struct message **m,
                                     bool *later)
{
    enum gelf_result r;
    for (;;) {
        struct arena *mem = intake_room(g->intake);
        *later = !mem;
        if (!mem)
            return GELF_NO_MEMORY;
        r = gelf_message(g->reader, payload, clock_real_ns(), mem, m);
        if (r != GELF_NO_MEMORY || !intake_renew(g->intake))
            return r;
    }
}

enum gelf_put_result gelf_put(struct gelf_put *g, struct slice payload,
                              const struct message_origin *origin)
{
    struct message *m = NULL;
    bool later;
    enum gelf_result r = read_message(g, payload, &m, &later);
    if (later)
        return GELF_LATER;
    if (r == GELF_INCOMPLETE) {
        counter_add(intake_counters(g->intake), COUNTER_INTAKE_INCOMPLETE, 1);
        return GELF_PUT;
    }
    if (r != GELF_MESSAGE) {
        refuse(g, payload, origin, gelf_result_text(r), false);
        return GELF_REFUSED;
    }
    if (m->refused)
        refuse(g, payload, origin, "field names that are not accepted were left out", true);
    if (g->override_source.n) {
        m->source = g->override_source;
        m->has_source = true;
    }
    intake_put(g->intake, m, origin);
    return GELF_PUT;
}
