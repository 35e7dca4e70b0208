/* Undoing a body's codings, the one applied last first. */
#include "proto/http/decode.h"

#include "base/buf.h"

static void note_failure(struct proto_ctx *x, struct event *e, struct slice coding,
                         enum inflate_end why)
{
    size_t cap = coding.n + 128;
    struct buf note = buf_of(arena_alloc(x->env->scratch, cap), cap);
    if (!note.p)
        return;
    buf_lit(&note, "unable to decode body using ");
    buf_add(&note, coding);
    buf_lit(&note, " encoding: ");
    buf_cstr(&note, inflate_text(why));
    event_note_str(e, buf_slice(&note));
}

/* One coding. False: nothing is left to show. What is there of a body that was cut is shown. */
static bool undo(struct proto_ctx *x, struct event *e, struct slice coding, struct inflated *mem,
                 struct slice *body)
{
    const struct http_conf *conf = x->conf;
    struct inflated out = { 0 };
    enum inflate_coding id = inflate_coding_of(coding);
    if (id == INFLATE_IDENTITY)
        return true;
    enum inflate_end end = inflate_decode(id, *body, (size_t)conf->max_message, x->env->slab, &out);
    inflate_free(mem, x->env->slab);
    *mem = out;
    *body = slice_of(out.p, out.n);
    if (end != INFLATE_OK)
        note_failure(x, e, coding, end);
    return end == INFLATE_OK || ((end == INFLATE_CAPPED || end == INFLATE_SHORT) && out.n);
}

bool http_decode(struct proto_ctx *x, struct event *e, const struct http_text *t,
                 struct inflated *mem, struct slice *body)
{
    const struct http_conf *conf = x->conf;
    const struct http_message *m = t->m;
    *body = t->body;
    if (!conf->decode_body || body->n == 0)
        return true;
    if (m->too_many_codings) {
        note_failure(x, e, SLICE("nested"), INFLATE_NO_CODING);
        return false;
    }
    bool good = true;
    for (unsigned i = m->n_transfer; good && i-- > 0;)
        good = undo(x, e, http_piece(t->head, m->transfer[i]), mem, body);
    for (unsigned i = m->n_content; good && i-- > 0;)
        good = undo(x, e, http_piece(t->head, m->content[i]), mem, body);
    return good;
}
