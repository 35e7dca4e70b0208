/* EDNS: the OPT record (RFC 6891 section 6.1) and its options, one row each. */
#include "proto/dns/opt.h"

#include "proto/dns/fields.h"
#include "proto/dns/names.h"

static void put_hex(struct buf *out, struct cursor *c)
{
    buf_hex(out, cur_bytes(c, cur_left(c)), false);
}

static void put_algorithms(struct buf *out, struct cursor *c)
{
    while (cur_left(c)) {
        buf_u8(out, ' ');
        dns_put_algorithm(out, cur_u8(c));
    }
}

static void put_hashes(struct buf *out, struct cursor *c)
{
    while (cur_left(c)) {
        buf_u8(out, ' ');
        dns_put_hash(out, cur_u8(c));
    }
}

/* RFC 8764 section 3.2: version, opcode, error, id, lease. */
static void put_llq(struct buf *out, struct cursor *c)
{
    uint16_t version = cur_u16be(c), opcode = cur_u16be(c), error = cur_u16be(c);
    uint64_t id = cur_u64be(c);
    buf_printf(out, "%u %u %u %llx %u", version, opcode, error, (unsigned long long)id,
               cur_u32be(c));
}

/* RFC 9664 section 4: lease, and key lease in the long form. */
static void put_lease(struct buf *out, struct cursor *c)
{
    uint32_t lease = cur_u32be(c);
    buf_printf(out, "%u %u", lease, cur_left(c) ? cur_u32be(c) : 0);
}

/* RFC 7314: empty in a query. */
static void put_expire(struct buf *out, struct cursor *c)
{
    buf_dec(out, cur_left(c) ? cur_u32be(c) : 0);
}

/* RFC 7871 section 6: family, source and scope prefix, as many octets of the address as needed. */
static void put_subnet(struct buf *out, struct cursor *c)
{
    uint16_t family = cur_u16be(c);
    uint8_t source = cur_u8(c), scope = cur_u8(c), octets[16] = { 0 };
    size_t most = family == 2 ? 16 : 4;
    struct slice given = slice_first(cur_bytes(c, cur_left(c)), most);
    if (given.n)
        memcpy(octets, given.p, given.n);
    struct addr a = family == 2 ? addr_v6(octets) : addr_v4(octets);
    bool bracket = !addr_is_v4(&a);
    if (family > 2 || source > most * 8 || scope > most * 8)
        c->bad = true;
    if (bracket)
        buf_u8(out, '[');
    buf_addr(out, &a);
    if (bracket)
        buf_u8(out, ']');
    buf_printf(out, "/%u/%u", source, scope);
}

/* clang-format off */
/* Options by code. Those without a row are shown as dns.opt.local; those without a `put` are known
 * and carry nothing that the event shows. */
static const struct {
    bool known;
    enum dns_field field;
    void (*put)(struct buf *out, struct cursor *c);
} options[] = {
    [1]  = { true, DNS_OPT_LLQ, put_llq },
    [2]  = { true, DNS_OPT_UL, put_lease },
    [3]  = { true, DNS_OPT_NSID, put_hex },
    [4]  = { true, 0, NULL }, /* owner, an expired draft */
    [5]  = { true, DNS_OPT_DAU, put_algorithms },
    [6]  = { true, DNS_OPT_DHU, put_hashes },
    [7]  = { true, DNS_OPT_N3U, put_hashes },
    [8]  = { true, DNS_OPT_SUBNET, put_subnet },
    [9]  = { true, DNS_OPT_EXPIRE, put_expire },
    [10] = { true, DNS_OPT_COOKIE, put_hex },
    [11] = { true, 0, NULL }, /* TCP keepalive */
    [12] = { true, 0, NULL }, /* padding */
    [15] = { true, 0, NULL }, /* extended errors */
};
/* clang-format on */

static void report_unknown(struct event *e, uint16_t code, struct slice value, struct buf *text)
{
    buf_reset(text);
    buf_dec(text, code);
    buf_lit(text, ":0x");
    buf_hex(text, value, false);
    event_str(e, &dns_fields[DNS_OPT_LOCAL], buf_slice(text));
}

/* An option whose octets are not what its RFC says is left out. */
static void report_option(struct event *e, uint16_t code, struct cursor value, struct buf *text)
{
    if (code >= COUNT(options) || !options[code].known) {
        report_unknown(e, code, cur_rest(&value), text);
        return;
    }
    if (!options[code].put)
        return;
    buf_reset(text);
    options[code].put(text, &value);
    if (cur_ok(&value))
        event_str(e, &dns_fields[options[code].field], buf_slice(text));
}

/* TTL and class are used for other things in OPT (RFC 6891 section 6.1.3). */
static void report_head(struct event *e, const struct dns_message *m, struct buf *text)
{
    uint32_t ttl = m->opt->ttl;
    event_bool(e, &dns_fields[DNS_OPT_DO], ttl & DNS_OPT_DO_BIT);
    event_int(e, &dns_fields[DNS_OPT_UDP_SIZE], m->opt->class);
    buf_reset(text);
    buf_dec(text, ttl >> 16 & 0xff);
    event_str(e, &dns_fields[DNS_OPT_VERSION], buf_slice(text));
    buf_reset(text);
    dns_put_rcode(text, ttl >> 24 ? dns_rcode(m) : 0);
    event_str(e, &dns_fields[DNS_OPT_EXT_RCODE], buf_slice(text));
}

void dns_opt_report(struct event *e, const struct dns_message *m, struct buf *text)
{
    struct cursor c = cur_of(m->opt->rdata);
    report_head(e, m, text);
    while (cur_left(&c)) {
        uint16_t code = cur_u16be(&c);
        struct cursor value = cur_sub(&c, cur_u16be(&c));
        if (cur_ok(&c))
            report_option(e, code, value, text);
    }
}
