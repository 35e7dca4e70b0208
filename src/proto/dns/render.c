/* A whole message as one line of text (packetbeat-protocols.md 5.9). */
#include "proto/dns/render.h"

#include "proto/dns/names.h"
#include "proto/dns/rdata.h"

struct slice dns_render_question(struct slice bytes, const struct dns_question *q, struct buf *out)
{
    buf_lit(out, "class ");
    dns_put_class(out, q->class);
    buf_lit(out, ", type ");
    dns_put_type(out, q->type);
    buf_lit(out, ", ");
    size_t start = out->n;
    dns_put_name(out, bytes, q->name);
    return buf_since(out, start);
}

static void put_flags(struct buf *out, uint16_t flags)
{
    bool first = true;
    for (size_t i = 0; i < DNS_FLAGS; i++) {
        if (!(flags & dns_flag_names[i].bit))
            continue;
        if (!first)
            buf_u8(out, ' ');
        first = false;
        buf_cstr(out, dns_flag_names[i].lower);
    }
}

static void put_header(struct buf *out, const struct dns_message *m)
{
    buf_lit(out, "ID ");
    buf_dec(out, m->id);
    buf_cstr(out, dns_is_response(m) ? "; QR response; OPCODE " : "; QR query; OPCODE ");
    dns_put_opcode(out, dns_opcode(m));
    buf_lit(out, "; FLAGS ");
    put_flags(out, m->flags);
    buf_lit(out, "; RCODE ");
    dns_put_rcode(out, dns_rcode(m));
}

/* The extras that are texts stand before the data, in the order of their keys. */
static const struct dns_extra *next_extra(const struct dns_rdata *d, struct slice after)
{
    const struct dns_extra *best = NULL;
    for (unsigned i = 0; i < d->n; i++) {
        const struct dns_extra *x = &d->extra[i];
        if (!x->is_number && slice_cmp(x->key, after) > 0 &&
            (!best || slice_cmp(x->key, best->key) < 0))
            best = x;
    }
    return best;
}

static void put_record(struct buf *out, struct slice bytes, const struct dns_record *r,
                       struct buf *text)
{
    if (r->type == RR_OPT)
        return;
    struct dns_rdata d;
    buf_reset(text);
    dns_rdata_read(bytes, r, text, &d);
    const struct dns_extra *x = next_extra(&d, SLICE(""));
    for (; x; x = next_extra(&d, x->key)) {
        buf_add(out, x->key);
        buf_u8(out, ' ');
        buf_add(out, x->text);
        buf_lit(out, ", ");
    }
    buf_add(out, d.data);
}

static void put_section(struct buf *out, const struct dns_message *m, enum dns_section s,
                        struct buf *text)
{
    static const char *const titles[DNS_SECTIONS] = { "; ANSWER ", "; AUTHORITY ",
                                                      "; ADDITIONAL " };
    for (unsigned i = 0; i < m->section[s].n; i++) {
        buf_cstr(out, i ? "; " : titles[s]);
        put_record(out, m->bytes, &m->section[s].record[i], text);
    }
}

void dns_render(const struct dns_message *m, struct buf *text, struct buf *out)
{
    put_header(out, m);
    for (unsigned i = 0; i < m->n_questions; i++) {
        buf_cstr(out, i ? "; " : "; QUESTION ");
        dns_render_question(m->bytes, &m->question[i], out);
    }
    for (unsigned s = 0; s < DNS_SECTIONS; s++)
        put_section(out, m, s, text);
}
