/* From bytes to a checked DNS message (RFC 1035 section 4). */
#include "proto/dns/message.h"

#include "proto/dns/names.h"
#include "proto/dns/rdata.h"
#include "proto/lib/dnsname.h"

/* The least that a question and a record take: a root name and the fixed fields. */
#define QUESTION_BYTES_MIN 5
#define RECORD_BYTES_MIN   11

/* What a count in the header can mean at most, before memory is taken for it. Lists get one entry
 * more than that: the one that turns out not to be whole. */
static unsigned at_most(unsigned promised, const struct cursor *c, size_t bytes_each)
{
    size_t possible = cur_left(c) / bytes_each;
    return promised < possible ? promised : (unsigned)possible;
}

bool dns_message_header(struct cursor *c, struct dns_message *m)
{
    m->id = cur_u16be(c);
    m->flags = cur_u16be(c);
    m->n_questions = cur_u16be(c);
    for (unsigned s = 0; s < DNS_SECTIONS; s++)
        m->section[s].n = cur_u16be(c);
    return cur_ok(c);
}

static struct slice read_name(struct slice bytes, struct cursor *c)
{
    struct slice rest = cur_rest(c);
    dnsname_skip(bytes, c);
    return slice_first(rest, rest.n - cur_left(c));
}

struct dns_question dns_message_question(struct slice bytes, struct cursor *c)
{
    struct dns_question q = { .name = read_name(bytes, c) };
    q.type = cur_u16be(c);
    q.class = cur_u16be(c);
    return q;
}

struct dns_record dns_message_record(struct slice bytes, struct cursor *c)
{
    struct dns_record r = { .name = read_name(bytes, c) };
    r.type = cur_u16be(c);
    r.class = cur_u16be(c);
    r.ttl = cur_u32be(c);
    r.rdata = cur_bytes(c, cur_u16be(c));
    if (cur_ok(c) && !dns_rdata_check(bytes, &r))
        c->bad = true;
    return r;
}

/* Ends the reading of a list after n whole entries: true when the message may go on to be used. */
static bool list_ends(struct dns_message *m, struct cursor *c)
{
    if (cur_ok(c))
        return true;
    if (!m->partial)
        return false;
    *c = cur_of((struct slice){ NULL, 0 });
    return true;
}

static bool read_questions(struct dns_message *m, struct cursor *c, struct arena *scratch)
{
    unsigned n = 0, max = at_most(m->n_questions, c, QUESTION_BYTES_MIN);
    m->question = arena_alloc(scratch, (max + 1) * sizeof *m->question);
    if (!m->question)
        return false;
    while (n < m->n_questions && cur_left(c)) {
        m->question[n] = dns_message_question(m->bytes, c);
        if (!cur_ok(c))
            break;
        n++;
    }
    m->n_questions = n;
    return list_ends(m, c);
}

static bool read_section(struct dns_message *m, unsigned s, struct cursor *c, struct arena *scratch)
{
    unsigned n = 0, max = at_most(m->section[s].n, c, RECORD_BYTES_MIN);
    struct dns_record *r = arena_alloc(scratch, (max + 1) * sizeof *r);
    if (!r)
        return false;
    while (n < m->section[s].n && cur_left(c)) {
        r[n] = dns_message_record(m->bytes, c);
        if (!cur_ok(c))
            break;
        n++;
    }
    m->section[s].record = r;
    m->section[s].n = n;
    return list_ends(m, c);
}

static const struct dns_record *find_opt(const struct dns_message *m)
{
    for (unsigned i = 0; i < m->section[DNS_ADDITIONAL].n; i++)
        if (m->section[DNS_ADDITIONAL].record[i].type == RR_OPT)
            return &m->section[DNS_ADDITIONAL].record[i];
    return NULL;
}

/* RFC 1035 section 4.1.1: an error about a question that the server could not read. */
static bool is_bare_error(const struct dns_message *m)
{
    return dns_is_response(m) && (m->flags & 15) && m->bytes.n == DNS_HEADER_BYTES;
}

bool dns_message_parse(struct slice bytes, bool cut, struct arena *scratch, struct dns_message *m)
{
    struct cursor c = cur_of(bytes);
    *m = (struct dns_message){ .bytes = bytes, .partial = cut };
    if (!dns_message_header(&c, m) || !read_questions(m, &c, scratch))
        return false;
    for (unsigned s = 0; s < DNS_SECTIONS; s++)
        if (!read_section(m, s, &c, scratch))
            return false;
    m->opt = find_opt(m);
    return bytes.n > DNS_HEADER_BYTES || is_bare_error(m);
}
