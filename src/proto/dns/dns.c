/* DNS over UDP and TCP (RFC 1035, RFC 7766), multicast DNS and LLMNR: one event for a query and its
 * response. Matched by id and question; a query sent again while its answer is awaited is the same
 * query. */
#include "base/hash.h"
#include "proto/dns/fields.h"
#include "proto/dns/probe.h"
#include "proto/dns/report.h"
#include "proto/dns/transfer.h"
#include "proto/lib/dnsname.h"

#define LENGTH_PREFIX_BYTES 2

static const char note_unanswered[] = "No response to this query was received";
static const char note_unasked[] = "Response: received without an associated Query";
static const char note_length_zero[] = "Response: Message's length was set to zero";
static const char note_undecodable[] = "Response: Message's data could not be decoded as DNS";
static const char note_incomplete[] = "Response: Message's data is incomplete";

/* clang-format off */
static const struct option options[] = {
    OPT(dns_conf, include_authorities, BOOL, "include_authorities", "false", 0, 0, 0, "Add the authority section to the event, as dns.authorities."),
    OPT(dns_conf, include_additionals, BOOL, "include_additionals", "false", 0, 0, 0, "Add the additional section to the event, as dns.additionals."),
    { 0 },
};
/* clang-format on */

/* A query that waits, with its bytes; of a zone transfer also the first response's. */
struct waiting {
    int64_t ts_ns;
    uint64_t bytes; /* as on the wire */
    uint8_t from;   /* enum dir of who asked */
    bool repeats;   /* the same was asked and answered just before */
    bool cut;       /* the capture lost its end */
    uint16_t n_sent;
    uint32_t n_query, n_response; /* lengths of the messages in `message` */
    struct dns_transfer transfer;
    uint8_t message[];
};

/* Queries of a flow that were answered last: their further copies and answers are no news. */
#define ANSWERED_MAX 4
#define COPY_NS      1000000000 /* a copy of a query that comes later than this is a new query */
struct answered {
    uint64_t key;      /* 0: unused */
    int64_t ts_ns;     /* of the response */
    uint64_t response; /* hash of the response's bytes */
    uint32_t n_spare;  /* copies of the query that may still be answered */
};

/* Whether a message begins where the bytes of a TCP direction begin. */
enum border { BORDER_NEW, BORDER_KNOWN, BORDER_LOST };

struct state {
    struct answered answered[ANSWERED_MAX];
    unsigned next;
    uint8_t border[2]; /* enum border, by enum dir */
};

/* A message and how it came. */
struct arrival {
    const struct dns_message *message;
    uint64_t bytes; /* as on the wire, with the length prefix of TCP */
    int64_t ts_ns;
    enum dir from;
};

/* ---- matching */

/* Hashes only find; what they find in one flow is trusted, so both sides of a flow would have to
 * work together to fool them. */
static const struct hash_key fixed_key = { 0x646e73, 0x7175657279 };

/* Letters of eight octets in lower case, all others as they are. */
static uint64_t lower8(uint64_t w)
{
    const uint64_t each = 0x0101010101010101, top = each * 0x80;
    uint64_t seven = w & ~top;
    uint64_t from_a = seven + each * (0x80 - 'A'), behind_z = seven + each * (0x7f - 'Z');
    return w | ((from_a & ~behind_z & ~w & top) >> 2);
}

static void copy_lower(uint8_t *to, const uint8_t *p, size_t n)
{
    for (; n >= 8; n -= 8, p += 8, to += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        w = lower8(w);
        memcpy(to, &w, 8);
    }
    for (size_t i = 0; i < n; i++)
        to[i] = ascii_lower(p[i]);
}

static uint64_t hash_question(const struct dns_message *m)
{
    uint8_t text[DNSNAME_WIRE_MAX + 2];
    if (m->n_questions == 0)
        return 0;
    const struct dns_question *q = &m->question[0];
    size_t n = q->name.n < DNSNAME_WIRE_MAX ? q->name.n : DNSNAME_WIRE_MAX;
    copy_lower(text, q->name.p, n); /* servers may answer in another case */
    text[n++] = (uint8_t)(q->type >> 8);
    text[n++] = (uint8_t)q->type;
    return hash_bytes(&fixed_key, text, n);
}

/* Both sides of a flow may ask: the asker's direction is in the key. Never 0. */
static uint64_t pair_key(const struct dns_message *m, enum dir asker)
{
    return hash_question(m) << 18 | (uint64_t)asker << 17 | 1 << 16 | m->id;
}

static struct slice query_bytes(const struct waiting *w)
{
    return slice_of(w->message, w->n_query);
}

static bool parse_again(struct proto_ctx *x, struct slice bytes, bool cut, struct dns_message *m)
{
    return dns_message_parse(bytes, cut, x->env->scratch, m);
}

/* An answer without a question section belongs to the oldest query, if that has its id. */
static struct waiting *find_query(struct proto_ctx *x, const struct arrival *a, uint64_t key)
{
    if (a->message->n_questions)
        return pair_find(x, key);
    struct waiting *w = pair_first(x);
    if (!w || w->from == a->from)
        return NULL;
    struct cursor c = cur_of(query_bytes(w));
    return cur_u16be(&c) == a->message->id ? w : NULL;
}

/* What was answered within the last span_ns, or NULL. */
static struct answered *find_answered(const struct proto_ctx *x, uint64_t key, int64_t span_ns)
{
    struct state *s = x->state;
    for (unsigned i = 0; s && i < ANSWERED_MAX; i++)
        if (s->answered[i].key == key && x->now_ns - s->answered[i].ts_ns <= span_ns)
            return &s->answered[i];
    return NULL;
}

static void remember(struct proto_ctx *x, uint64_t key, const struct waiting *w, struct slice bytes)
{
    struct state *s = x->state;
    if (!s || x->l4 != L4_UDP) /* on TCP nothing comes twice */
        return;
    struct answered *slot = find_answered(x, key, INT64_MAX);
    if (!slot)
        slot = &s->answered[s->next++ % ANSWERED_MAX];
    *slot = (struct answered){ .key = key,
                               .ts_ns = x->now_ns,
                               .response = hash_bytes(&fixed_key, bytes.p, bytes.n),
                               .n_spare = w->n_sent - 1u };
}

/* True for a further answer to a query that was answered: a copy of the packet, or the answer to
 * one of the query's own copies. */
static bool is_known_answer(struct proto_ctx *x, uint64_t key, struct slice bytes)
{
    const struct dns_conf *conf = x->conf;
    struct answered *slot = find_answered(x, key, conf->common.transaction_timeout_ns);
    if (!slot)
        return false;
    if (slot->response == hash_bytes(&fixed_key, bytes.p, bytes.n))
        return true;
    if (slot->n_spare == 0)
        return false;
    slot->n_spare--;
    return true;
}

/* ---- queries */

/* A query that was cut before its question was whole cannot be recognised in an answer. */
static void take_query(struct proto_ctx *x, const struct arrival *a)
{
    if (a->message->partial && a->message->n_questions == 0)
        return;
    uint64_t key = pair_key(a->message, a->from);
    struct slice bytes = a->message->bytes;
    struct waiting *same = pair_find(x, key);
    if (same && x->l4 == L4_UDP && slice_eq(query_bytes(same), bytes)) {
        same->n_sent++;
        pair_renew(x, same);
        return;
    }
    struct waiting *w = pair_add(x, key, a->ts_ns, sizeof *w + bytes.n);
    if (!w)
        return;
    w->ts_ns = a->ts_ns;
    w->bytes = a->bytes;
    w->from = (uint8_t)a->from;
    w->repeats = find_answered(x, key, COPY_NS);
    w->cut = a->message->partial;
    w->n_sent = 1;
    w->n_query = (uint32_t)bytes.n;
    memcpy(w->message, bytes.p, bytes.n);
}

/* The event of a query without its response. */
static void report_alone(struct proto_ctx *x, const struct waiting *w, const char *note)
{
    struct dns_message query;
    if (!parse_again(x, query_bytes(w), w->cut, &query))
        return;
    dns_report(x, &(struct dns_exchange){ .query = &query,
                                          .query_ns = w->ts_ns,
                                          .query_bytes = w->bytes,
                                          .from = w->from,
                                          .note = note });
}

/* ---- responses */

static void report_orphan(struct proto_ctx *x, const struct arrival *a)
{
    counter_proto(x->env->counters, x->id, PC_UNMATCHED_RESPONSE);
    dns_report(x, &(struct dns_exchange){ .response = a->message,
                                          .response_ns = a->ts_ns,
                                          .response_bytes = a->bytes,
                                          .from = !a->from,
                                          .note = note_unasked });
}

static void report_pair(struct proto_ctx *x, const struct waiting *w, const struct dns_message *q,
                        const struct arrival *a)
{
    dns_report(x, &(struct dns_exchange){ .query = q,
                                          .response = a->message,
                                          .query_ns = w->ts_ns,
                                          .response_ns = a->ts_ns,
                                          .query_bytes = w->bytes,
                                          .response_bytes = a->bytes,
                                          .from = w->from });
}

/* The event of a transfer: described by its first response, with the sums of all. */
static void report_transfer(struct proto_ctx *x, const struct waiting *w, const char *note)
{
    struct dns_message query, response;
    struct slice first = slice_of(w->message + w->n_query, w->n_response);
    if (!parse_again(x, query_bytes(w), false, &query) || !parse_again(x, first, false, &response))
        return;
    dns_report(x, &(struct dns_exchange){ .query = &query,
                                          .response = &response,
                                          .query_ns = w->ts_ns,
                                          .response_ns = w->transfer.end_ns,
                                          .query_bytes = w->bytes,
                                          .response_bytes = w->transfer.bytes,
                                          .n_answers = w->transfer.n_answers,
                                          .from = w->from,
                                          .note = note });
}

/* The transfer goes on: its entry waits anew from now on, with the first response kept behind the
 * query. */
static void go_on_waiting(struct proto_ctx *x, struct waiting *w, uint64_t key,
                          const struct arrival *a)
{
    struct slice first = w->n_response ? slice_of(NULL, 0) : a->message->bytes;
    size_t n = sizeof *w + w->n_query + w->n_response;
    struct waiting *copy = arena_alloc(x->env->scratch, n);
    if (copy)
        memcpy(copy, w, n);
    pair_drop(x, w);
    w = copy ? pair_add(x, key, a->ts_ns, n + first.n) : NULL;
    if (!w)
        return;
    memcpy(w, copy, n);
    if (first.n)
        memcpy(w->message + w->n_query, first.p, first.n);
    w->n_response += (uint32_t)first.n;
}

static void take_transfer(struct proto_ctx *x, struct waiting *w, const struct dns_message *query,
                          const struct arrival *a)
{
    bool over = dns_transfer_add(&w->transfer, query, a->message);
    w->transfer.bytes += a->bytes;
    w->transfer.end_ns = a->ts_ns;
    if (!over) {
        go_on_waiting(x, w, pair_key(query, w->from), a);
        return;
    }
    if (w->n_response)
        report_transfer(x, w, NULL);
    else
        report_pair(x, w, query, a);
    pair_drop(x, w);
}

static void take_response(struct proto_ctx *x, const struct arrival *a)
{
    uint64_t key = pair_key(a->message, !a->from);
    struct waiting *w = find_query(x, a, key);
    struct dns_message query;
    if (!w) {
        if (!is_known_answer(x, key, a->message->bytes))
            report_orphan(x, a);
        return;
    }
    if (!parse_again(x, query_bytes(w), w->cut, &query))
        return;
    if (x->l4 == L4_TCP && dns_transfer_asked(&query)) {
        take_transfer(x, w, &query, a);
        return;
    }
    report_pair(x, w, &query, a);
    remember(x, key, w, a->message->bytes);
    pair_drop(x, w);
}

/* ---- multicast */

static bool is_multicast(const struct addr *a)
{
    return a->b[0] == 0xff || (addr_is_v4(a) && a->b[12] >> 4 == 14);
}

/* Multicast DNS has no pairs: ids are zero, many may answer, or none (RFC 6762 sections 6, 18.1).
 * Of LLMNR the queries are multicast; the responses come by themselves (RFC 4795 section 2). */
static void take_multicast(struct proto_ctx *x, const struct arrival *a)
{
    struct dns_exchange t = { .from = a->from, .stands_alone = true };
    if (dns_is_response(a->message)) {
        t.response = a->message;
        t.response_ns = a->ts_ns;
        t.response_bytes = a->bytes;
    } else {
        t.query = a->message;
        t.query_ns = a->ts_ns;
        t.query_bytes = a->bytes;
    }
    dns_report(x, &t);
}

static void take_message(struct proto_ctx *x, const struct arrival *a)
{
    if (x->l4 == L4_UDP && is_multicast(&x->end[!a->from].ip))
        take_multicast(x, a);
    else if (dns_is_response(a->message))
        take_response(x, a);
    else
        take_query(x, a);
}

/* ---- UDP */

static enum verdict parse_datagram(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    struct dns_message m;
    struct slice bytes = cur_rest(c);
    cur_skip(c, bytes.n);
    if (!dns_message_parse(bytes, x->cut > 0, x->env->scratch, &m))
        return PARSE_BAD;
    take_message(x, &(struct arrival){ &m, bytes.n + x->cut, x->now_ns, d });
    return PARSE_OK;
}

/* ---- TCP */

/* The responses of direction d are damaged: the query that waits longest is closed with a note. */
static void close_query(struct proto_ctx *x, enum dir d, const char *note)
{
    struct waiting *w = pair_first(x);
    if (!w || w->from == d)
        return;
    if (w->n_response)
        report_transfer(x, w, note_incomplete);
    else
        report_alone(x, w, note);
    pair_drop(x, w);
}

static void set_border(struct proto_ctx *x, enum dir d, enum border border)
{
    struct state *s = x->state;
    if (s)
        s->border[d] = (uint8_t)border;
}

/* A stream that was not seen from its beginning, or has a hole, may go on amid a message. */
static bool border_is_lost(struct proto_ctx *x, enum dir d)
{
    const struct state *s = x->state;
    bool from_start = (x->flow->tcp_flags[0] | x->flow->tcp_flags[1]) & TCP_SYN;
    return !s || s->border[d] == BORDER_LOST || (s->border[d] == BORDER_NEW && !from_start);
}

/* One whole message without its length. One that is no DNS is passed: the next one stands behind it
 * all the same. */
static void take_stream_message(struct proto_ctx *x, struct slice bytes, enum dir d)
{
    struct dns_message m;
    set_border(x, d, BORDER_KNOWN);
    if (dns_message_parse(bytes, false, x->env->scratch, &m)) {
        take_message(x, &(struct arrival){ &m, bytes.n + LENGTH_PREFIX_BYTES, x->start_ns, d });
        return;
    }
    counter_proto(x->env->counters, x->id, PC_BAD);
    close_query(x, d, note_undecodable);
}

/* A message and the length in front of it (RFC 7766 section 8). */
static enum verdict parse_stream(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    struct cursor at = *c;
    size_t n = cur_u16be(&at);
    if (border_is_lost(x, d) && dns_probe(cur_rest(c), d) == 0)
        return PARSE_BAD;
    x->need = LENGTH_PREFIX_BYTES + n;
    if (!cur_ok(&at) || cur_left(&at) < n)
        return PARSE_MORE;
    if (n == 0) {
        close_query(x, d, note_length_zero);
        return PARSE_BAD;
    }
    take_stream_message(x, cur_bytes(&at, n), d);
    *c = at;
    return PARSE_OK;
}

static enum verdict dns_parse(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    return x->l4 == L4_TCP ? parse_stream(x, c, d) : parse_datagram(x, c, d);
}

/* A message of direction d whose end will not come. What is there of it tells at least whose answer
 * it is. */
static void take_partial(struct proto_ctx *x, struct cursor c, enum dir d)
{
    struct dns_message m;
    uint64_t bytes = LENGTH_PREFIX_BYTES + (uint64_t)cur_u16be(&c);
    if (dns_message_parse(cur_rest(&c), true, x->env->scratch, &m))
        take_message(x, &(struct arrival){ &m, bytes, x->start_ns, d });
    else
        close_query(x, d, note_incomplete);
}

/* Behind a hole inside one message its length says where the next one begins. Elsewhere the border
 * is lost. */
static enum verdict dns_gap(struct proto_ctx *x, struct cursor *c, enum dir d, size_t missing)
{
    struct cursor at = *c;
    size_t have = cur_left(c), whole = LENGTH_PREFIX_BYTES + (size_t)cur_u16be(&at);
    if (have)
        take_partial(x, *c, d);
    if (have < LENGTH_PREFIX_BYTES || have + missing > whole)
        set_border(x, d, BORDER_LOST);
    else
        proto_skip(x, whole - have - missing);
    return PARSE_OK;
}

/* A query that was not sent to its end was not asked. */
static void dns_end(struct proto_ctx *x, struct cursor *c, enum dir d)
{
    if (cur_left(c) && d == DIR_SERVER)
        take_partial(x, *c, d);
}

static void dns_orphan(struct proto_ctx *x, void *request, enum orphan_reason why)
{
    const struct waiting *w = request;
    (void)why;
    if (w->n_response)
        report_transfer(x, w, note_incomplete);
    else if (!w->repeats) /* else: a late copy of what was answered */
        report_alone(x, w, note_unanswered);
}

const struct proto proto_dns = {
    .name = "dns",
    .doc = "Domain Name System: queries, updates, notifies and transfers over UDP and TCP.",
    .l4 = L4_UDP | L4_TCP,
    .ports = { 53 },
    .detect = true,
    .state_size = sizeof(struct state),
    .fields = dns_fields,
    .n_fields = DNS_FIELDS,
    .conf_size = sizeof(struct dns_conf),
    .options = options,
    .probe = dns_probe,
    .parse = dns_parse,
    .gap = dns_gap,
    .end = dns_end,
    .orphan = dns_orphan,
};
