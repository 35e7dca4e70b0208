/* From DNS messages to events (packetbeat-protocols.md 5.5 to 5.7). */
#include "proto/dns/report.h"

#include "base/hash.h"
#include "codec/psl.h"
#include "proto/dns/fields.h"
#include "proto/dns/names.h"
#include "proto/dns/opt.h"
#include "proto/dns/rdata.h"
#include "proto/dns/render.h"

/* Most that a message without EDNS may have over UDP (RFC 1035 section 4.2.1). */
#define PLAIN_UDP_BYTES_MAX 512

/* A name and its text in the event's memory; NULL: none yet. */
struct named {
    struct slice wire, text;
};

/* What the functions here work on. */
struct report {
    struct event *e;
    struct arena *scratch;
    struct buf text; /* emptied for each record */
    const struct dns_conf *conf;
    struct named asked; /* the query's first question, or the response's when there is no query */
};

static bool open_text(struct report *r, size_t room)
{
    void *mem = arena_alloc(r->scratch, room);
    r->text = buf_of(mem, mem ? room : 0);
    return mem;
}

/* ---- header */

static void report_flags(struct event *e, const struct dns_message *m)
{
    static const uint8_t fields[DNS_FLAGS] = { DNS_FLAG_AA, DNS_FLAG_TC, DNS_FLAG_RD,
                                               DNS_FLAG_RA, DNS_FLAG_AD, DNS_FLAG_CD };
    struct slice set[DNS_FLAGS + 1];
    unsigned n = 0;
    for (size_t i = 0; i < DNS_FLAGS; i++) {
        bool on = m->flags & dns_flag_names[i].bit;
        event_bool(e, &dns_fields[fields[i]], on);
        if (on)
            set[n++] = slice_of(dns_flag_names[i].upper, 2);
    }
    if (m->opt && m->opt->ttl & DNS_OPT_DO_BIT)
        set[n++] = SLICE("DO");
    event_strs_ref(e, &dns_fields[DNS_HEADER_FLAGS], set, n);
}

/* A number's name (NULL: none), or what stands in text. */
static void set_name(struct report *r, const struct field *f, const char *name)
{
    if (name)
        event_str_ref(r->e, f, slice_cstr(name));
    else
        event_str(r->e, f, buf_slice(&r->text));
    buf_reset(&r->text);
}

static void set_opcode(struct report *r, const struct field *f, unsigned opcode)
{
    const char *name = dns_opcode_name(opcode);
    if (!name)
        dns_put_opcode(&r->text, opcode);
    set_name(r, f, name);
}

static void set_rcode(struct report *r, const struct field *f, unsigned rcode)
{
    const char *name = dns_rcode_name(rcode);
    if (!name)
        dns_put_rcode(&r->text, rcode);
    set_name(r, f, name);
}

static void set_type_and_class(struct report *r, const struct dns_question *q)
{
    const char *type = dns_type_name(q->type), *class = dns_class_name(q->class);
    if (!type)
        dns_put_type(&r->text, q->type);
    set_name(r, &dns_fields[DNS_QUESTION_TYPE], type);
    if (!class)
        dns_put_class(&r->text, q->class);
    set_name(r, &dns_fields[DNS_QUESTION_CLASS], class);
}

static void report_header(struct report *r, const struct dns_message *m)
{
    event_int(r->e, &dns_fields[DNS_ID], m->id);
    set_opcode(r, &dns_fields[DNS_OP_CODE], dns_opcode(m));
    set_rcode(r, &dns_fields[DNS_RESPONSE_CODE], dns_rcode(m));
    report_flags(r->e, m);
}

/* ---- question */

static unsigned count_dots(struct slice name)
{
    unsigned n = 0;
    for (size_t i = 0; i < name.n; i++)
        n += name.p[i] == '.';
    return n;
}

static struct slice after_first_dot(struct slice name)
{
    ptrdiff_t dot = slice_find(name, '.');
    return dot < 0 ? slice_of(NULL, 0) : slice_after(name, (size_t)dot + 1);
}

static struct slice without_end_dots(struct slice name)
{
    while (name.n && name.p[name.n - 1] == '.')
        name.n--;
    return name;
}

static void set_part(struct event *e, enum dns_field f, struct slice part)
{
    if (part.n)
        event_str_ref(e, &dns_fields[f], part);
}

/* A name that is itself a public suffix of two labels, or the root, counts as registered. The name
 * is in the event's memory. */
static void report_domain(struct event *e, struct slice name)
{
    struct slice registered = psl_registrable(name);
    if (registered.n) {
        set_part(e, DNS_QUESTION_ETLD1, registered);
        set_part(e, DNS_QUESTION_SUBDOMAIN,
                 without_end_dots(slice_first(name, name.n - registered.n)));
    } else if (count_dots(name) == 1) {
        registered = name;
    } else {
        return;
    }
    event_str_ref(e, &dns_fields[DNS_QUESTION_REGISTERED], registered);
    set_part(e, DNS_QUESTION_TLD, after_first_dot(registered));
}

/* Wherever the same octets end with the root they are the same name. */
static bool is_same_name(struct slice a, struct slice b)
{
    return a.n && a.p[a.n - 1] == 0 && slice_eq(a, b);
}

/* The question's text in the event's memory: mostly the query's. */
static struct slice question_name(struct report *r, struct slice bytes, struct slice wire)
{
    if (is_same_name(wire, r->asked.wire))
        return r->asked.text;
    dns_put_name(&r->text, bytes, wire);
    struct slice text = arena_dup(r->e->mem, buf_slice(&r->text));
    r->e->lost |= text.n != r->text.n;
    buf_reset(&r->text);
    return text;
}

static void report_question(struct report *r, const struct dns_message *m)
{
    const struct dns_question *q = &m->question[0];
    if (m->n_questions == 0)
        return;
    set_type_and_class(r, q);
    struct slice name = question_name(r, m->bytes, q->name);
    report_domain(r->e, name);
    event_str_ref(r->e, &dns_fields[DNS_QUESTION_NAME], name);
    r->asked = (struct named){ q->name, name };
}

/* The fields that all protocols have: what was asked for. */
static void report_query(struct report *r, const struct dns_message *m)
{
    set_opcode(r, &ecs[ECS_METHOD], dns_opcode(m));
    if (m->n_questions == 0)
        return;
    const struct dns_question *q = &m->question[0];
    size_t n = dns_render_question(m->bytes, q, &r->text).n;
    struct slice text = arena_dup(r->e->mem, buf_slice(&r->text));
    struct slice name = slice_after(text, text.n - (text.n < n ? text.n : n));
    r->e->lost |= text.n != r->text.n;
    buf_reset(&r->text);
    event_str_ref(r->e, &ecs[ECS_QUERY], text);
    event_str_ref(r->e, &ecs[ECS_RESOURCE], name);
    r->asked = (struct named){ q->name, name };
}

/* ---- records */

/* EDNS has fields of its own; an address without data (RFC 2136 section 2.4) shows nothing. */
static bool is_shown(const struct dns_record *r)
{
    bool address = r->type == RR_A || r->type == RR_AAAA;
    return r->type != RR_OPT && !(address && r->rdata.n == 0);
}

static unsigned count_shown(const struct dns_message *m, enum dns_section s)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->section[s].n; i++)
        n += is_shown(&m->section[s].record[i]);
    return n;
}

/* Adds members to one object. All texts of a record are written into one buffer and copied to the
 * event in one piece: `copy` stands for it there. */
struct members {
    struct event *e;
    struct object *o;
    const struct buf *text;
    const uint8_t *copy;
};

static void add_text(struct members *to, struct slice key, struct slice text)
{
    if (text.n)
        text.p = to->copy + (text.p - to->text->p);
    object_str_ref(to->e, to->o, key, text);
}

static void add_extra(struct members *to, const struct dns_extra *x)
{
    if (x->is_number)
        object_int(to->e, to->o, x->key, x->number);
    else
        add_text(to, x->key, x->text);
}

/* What all records have, appended to text. */
struct head {
    struct slice name, type, class, ttl;
    bool is_question; /* the name is the question's, in the event's memory */
};

/* Owners mostly are a pointer to the question, which stands behind the header. */
static bool points_to_question(struct slice name)
{
    return name.n == 2 && name.p[0] == 0xc0 && name.p[1] == DNS_HEADER_BYTES;
}

static struct head read_head(struct report *r, struct slice bytes, const struct dns_record *rr)
{
    struct head h = { .is_question = points_to_question(rr->name) &&
                                     r->asked.wire.p == bytes.p + DNS_HEADER_BYTES };
    struct buf *text = &r->text;
    size_t at = text->n;
    if (!h.is_question)
        dns_put_name(text, bytes, rr->name);
    h.name = h.is_question ? r->asked.text : buf_since(text, at);
    at = text->n;
    dns_put_type(text, rr->type);
    h.type = buf_since(text, at);
    at = text->n;
    dns_put_class(text, rr->class);
    h.class = buf_since(text, at);
    at = text->n;
    buf_dec(text, rr->ttl);
    h.ttl = buf_since(text, at);
    return h;
}

static void report_record(struct report *r, struct slice bytes, const struct dns_record *rr,
                          struct object *o)
{
    struct dns_rdata d;
    buf_reset(&r->text);
    dns_rdata_read(bytes, rr, &r->text, &d);
    struct head h = read_head(r, bytes, rr);
    struct members to = { r->e, o, &r->text, arena_dup(r->e->mem, buf_slice(&r->text)).p };
    if (!to.copy || !object_room(r->e, o, 5 + d.n)) {
        r->e->lost = true;
        return;
    }
    if (h.is_question)
        object_str_ref(r->e, o, SLICE("name"), h.name);
    else
        add_text(&to, SLICE("name"), h.name);
    add_text(&to, SLICE("type"), h.type);
    add_text(&to, SLICE("class"), h.class);
    add_text(&to, SLICE("ttl"), h.ttl);
    for (unsigned i = 0; i < d.n; i++)
        add_extra(&to, &d.extra[i]);
    add_text(&to, SLICE("data"), d.data);
}

static void report_section(struct report *r, const struct dns_message *m, enum dns_section s,
                           const struct field *f)
{
    unsigned n = count_shown(m, s);
    struct object *o = n ? event_objects(r->e, f, n) : NULL;
    if (!o)
        return;
    for (unsigned i = 0; i < m->section[s].n; i++)
        if (is_shown(&m->section[s].record[i]))
            report_record(r, m->bytes, &m->section[s].record[i], o++);
    buf_reset(&r->text);
}

static void report_records(struct report *r, const struct dns_message *m, unsigned n_answers)
{
    unsigned opt = m->opt ? 1 : 0;
    if (n_answers == 0)
        n_answers = m->section[DNS_ANSWER].n;
    event_int(r->e, &dns_fields[DNS_ANSWERS_COUNT], n_answers);
    event_int(r->e, &dns_fields[DNS_AUTHORITIES_COUNT], m->section[DNS_AUTHORITY].n);
    event_int(r->e, &dns_fields[DNS_ADDITIONALS_COUNT], m->section[DNS_ADDITIONAL].n - opt);
    report_section(r, m, DNS_ANSWER, &dns_fields[DNS_ANSWERS]);
    if (r->conf->include_authorities)
        report_section(r, m, DNS_AUTHORITY, &dns_fields[DNS_AUTHORITIES]);
    if (r->conf->include_additionals)
        report_section(r, m, DNS_ADDITIONAL, &dns_fields[DNS_ADDITIONALS]);
}

/* ---- addresses */

/* The addresses of the answers in order; NULL when there are none. */
static struct addr *addresses_of(struct report *r, const struct dns_message *m, unsigned *n)
{
    unsigned max = m->section[DNS_ANSWER].n;
    struct addr *a = max ? arena_alloc(r->scratch, max * sizeof *a) : NULL;
    *n = 0;
    for (unsigned i = 0; a && i < max; i++) {
        const struct dns_record *rr = &m->section[DNS_ANSWER].record[i];
        struct cursor c = cur_of(rr->rdata);
        if (rr->type == RR_A && cur_left(&c))
            a[(*n)++] = addr_v4(cur_bytes(&c, 4).p);
        else if (rr->type == RR_AAAA && cur_left(&c))
            a[(*n)++] = addr_v6(cur_bytes(&c, 16).p);
    }
    return a;
}

/* Moves the first of each address to the front, in order; returns how many there are. A table of
 * indexes, keyed by what an attacker cannot know, keeps large answers from costing n squared. */
static unsigned keep_distinct(struct addr *a, unsigned n, struct arena *scratch)
{
    unsigned slots = 4, kept = 0;
    while (slots < 2 * n)
        slots *= 2;
    uint16_t *slot = arena_zalloc(scratch, slots * sizeof *slot);
    struct hash_key key = { (uintptr_t)a, (uintptr_t)&key };
    for (unsigned i = 0; slot && i < n; i++) {
        unsigned at = (unsigned)hash_bytes(&key, &a[i], sizeof a[i]) & (slots - 1);
        while (slot[at] && !addr_eq(&a[slot[at] - 1], &a[i]))
            at = (at + 1) & (slots - 1);
        if (slot[at])
            continue;
        a[kept++] = a[i];
        slot[at] = (uint16_t)kept;
    }
    return kept;
}

static void report_addresses(struct report *r, const struct dns_message *m)
{
    unsigned n;
    struct addr *a = addresses_of(r, m, &n);
    if (n == 0)
        return;
    event_ips(r->e, &dns_fields[DNS_RESOLVED_IP], a, n);
    event_ips(r->e, &ecs[ECS_RELATED_IP], a, keep_distinct(a, n, r->scratch));
}

/* ---- the rest */

static void report_text(struct report *r, const struct dns_message *m, const struct field *f)
{
    size_t room = 2 * dns_text_room(m->bytes.n);
    void *mem = arena_alloc(r->scratch, room);
    struct buf out = buf_of(mem, mem ? room : 0);
    dns_render(m, &r->text, &out);
    buf_reset(&r->text);
    event_str(r->e, f, buf_slice(&out));
}

/* What the sizes and EDNS of the two messages say (RFC 6891 sections 6.2.3 and 7). */
static void report_sizes(struct event *e, const struct dns_exchange *t)
{
    if (t->query && !t->query->opt && t->query_bytes > PLAIN_UDP_BYTES_MAX)
        event_note(e, "Non-EDNS packet has size greater than 512");
    if (t->note)
        event_note(e, t->note);
    if (t->response && !t->response->opt && t->response_bytes > PLAIN_UDP_BYTES_MAX)
        event_note(e, "Response: Non-EDNS packet has size greater than 512");
    if (!t->query || !t->response || t->response->partial)
        return;
    if (t->query->opt && !t->response->opt)
        event_note(e, "Responder does not support EDNS");
    if (!t->query->opt && t->response->opt)
        event_note(e, "Unexpected EDNS answer");
}

static void report_notes(struct proto_ctx *x, struct event *e, const struct dns_exchange *t)
{
    if (x->l4 == L4_UDP && !t->stands_alone)
        report_sizes(e, t);
    else if (t->note)
        event_note(e, t->note);
    if (t->response && t->response->partial)
        event_note(e, "Response: Message's data is incomplete");
}

static bool went_well(const struct dns_exchange *t)
{
    if (t->stands_alone)
        return !t->response || dns_rcode(t->response) == 0;
    return t->query && t->response && dns_rcode(t->response) == 0;
}

/* What describes the exchange is the response where there is one. */
static void report_message(struct report *r, const struct dns_exchange *t)
{
    const struct dns_message *m = t->response ? t->response : t->query;
    event_cstr_ref(r->e, &dns_fields[DNS_TYPE], t->response ? "answer" : "query");
    report_header(r, m);
    report_question(r, m);
    report_records(r, m, t->n_answers);
    report_addresses(r, m);
    if (m->opt)
        dns_opt_report(r->e, m, &r->text);
    buf_reset(&r->text);
}

static void report_texts(struct report *r, const struct dns_exchange *t)
{
    if (r->conf->common.send_request && t->query)
        report_text(r, t->query, &ecs[ECS_REQUEST]);
    if (r->conf->common.send_response && t->response)
        report_text(r, t->response, &ecs[ECS_RESPONSE]);
}

void dns_report(struct proto_ctx *x, const struct dns_exchange *t)
{
    const struct dns_message *first = t->query ? t->query : t->response;
    struct report r = { .e = proto_event(x, t->from, t->query ? t->query_ns : t->response_ns),
                        .scratch = x->env->scratch,
                        .conf = x->conf };
    size_t bytes = first->bytes.n + (t->response ? t->response->bytes.n : 0);
    if (!r.e || !open_text(&r, dns_text_room(bytes)))
        return;
    proto_times(r.e, t->query_ns, t->response_ns);
    if (t->stands_alone)
        proto_bytes(r.e, t->query_bytes + t->response_bytes, 0);
    else
        proto_bytes(r.e, t->query_bytes, t->response_bytes);
    event_cstr_ref(r.e, &ecs[ECS_STATUS], went_well(t) ? "OK" : "Error");
    report_query(&r, first);
    report_message(&r, t);
    report_texts(&r, t);
    report_notes(x, r.e, t);
    proto_emit(x, r.e);
}
