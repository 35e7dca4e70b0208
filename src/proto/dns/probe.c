/* Recognising DNS by its content. Strict, because it is asked about all traffic: every octet has to
 * fit, to the last one. */
#include "proto/dns/probe.h"

#include "proto/dns/message.h"
#include "proto/dns/names.h"

#define LENGTH_PREFIX_BYTES 2
#define NETBIOS_OCTETS      32
#define FLAG_RESERVED       0x0040 /* must be zero (RFC 1035 section 4.1.1) */

enum { SURE = 95, LIKELY = 80 };

static bool is_plausible_query(const struct dns_message *m)
{
    unsigned records = m->section[DNS_ANSWER].n + m->section[DNS_AUTHORITY].n;
    bool plain = dns_opcode(m) == 0;
    return m->n_questions == 1 && (m->flags & (DNS_TC | DNS_RA | 15)) == 0 &&
           (!plain || records <= 1) && m->section[DNS_ADDITIONAL].n <= 2;
}

static bool is_plausible_response(const struct dns_message *m)
{
    return m->n_questions == 1 && (m->flags & 15) <= 10;
}

/* Queries, notifies and updates; the other opcodes are not in use. */
static bool is_plausible_header(const struct dns_message *m)
{
    unsigned opcode = dns_opcode(m);
    if (m->flags & FLAG_RESERVED || (opcode != 0 && opcode != 4 && opcode != 5))
        return false;
    return dns_is_response(m) ? is_plausible_response(m) : is_plausible_query(m);
}

/* NetBIOS names (port 137) have the form of DNS; their types NB and NBSTAT, 32 and 33, do not mean
 * what DNS means by them. A name is 32 letters from A to P (RFC 1001 section 14.1, RFC 1002 4.2.1).
 */
static bool is_netbios(const struct dns_question *q)
{
    struct slice name = q->name;
    if ((q->type != 32 && q->type != RR_SRV) || name.n < NETBIOS_OCTETS + 1 ||
        name.p[0] != NETBIOS_OCTETS)
        return false;
    for (unsigned i = 1; i <= NETBIOS_OCTETS; i++)
        if (name.p[i] < 'A' || name.p[i] > 'P')
            return false;
    return true;
}

static bool is_plausible_question(struct slice bytes, struct cursor *c)
{
    struct dns_question q = dns_message_question(bytes, c);
    return cur_ok(c) && dns_type_is_known(q.type) && dns_class_is_known(q.class) && !is_netbios(&q);
}

static bool is_plausible_record(struct slice bytes, struct cursor *c)
{
    struct dns_record r = dns_message_record(bytes, c);
    return cur_ok(c) && dns_type_is_known(r.type) &&
           (r.type == RR_OPT || dns_class_is_known(r.class));
}

/* Nothing but DNS from the first octet to the last. */
static bool is_whole_message(struct slice bytes)
{
    struct dns_message m;
    struct cursor c = cur_of(bytes);
    if (!dns_message_header(&c, &m) || !is_plausible_header(&m) ||
        !is_plausible_question(bytes, &c))
        return false;
    unsigned n = m.section[0].n + m.section[1].n + m.section[2].n;
    while (n > 0 && is_plausible_record(bytes, &c))
        n--;
    return n == 0 && cur_left(&c) == 0;
}

/* Header and question of a message whose end is not there yet. */
static int probe_beginning(struct slice bytes)
{
    struct dns_message m;
    struct cursor c = cur_of(bytes);
    if (!dns_message_header(&c, &m))
        return PROBE_MORE;
    if (!is_plausible_header(&m))
        return 0;
    bool fits = is_plausible_question(bytes, &c);
    if (fits)
        return LIKELY;
    return cur_ok(&c) ? 0 : PROBE_MORE;
}

int dns_probe(struct slice first, enum dir d)
{
    (void)d;
    if (is_whole_message(first))
        return SURE;
    struct cursor c = cur_of(first);
    size_t n = cur_u16be(&c);
    if (!cur_ok(&c))
        return PROBE_MORE;
    if (n < DNS_HEADER_BYTES)
        return 0;
    if (cur_left(&c) >= n)
        return is_whole_message(cur_bytes(&c, n)) ? SURE : 0;
    return probe_beginning(cur_rest(&c));
}
