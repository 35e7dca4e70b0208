/* Templates with <x> in the place of values, filled from numbers of a seed. */
#include "lib/messages.h"

#include "lib/lines.h"
#include "model/civil.h"

struct maker {
    uint64_t random;
    const struct messages *m;
    uint64_t i;
    int64_t ms;
    uint64_t source, target, bytes[2], packets[2], agent, duration_ns;
    unsigned kind;
};

static uint64_t next(struct maker *k)
{
    k->random += 0x9e3779b97f4a7c15u;
    uint64_t z = k->random;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t below(struct maker *k, uint64_t n)
{
    return next(k) % n;
}

/* Small numbers are much more likely. */
static uint64_t skewed(struct maker *k, uint64_t n)
{
    double u = (double)(next(k) >> 11) / 9007199254740992.0;
    return (uint64_t)((double)n * u * u * u);
}

enum { FLOW, DNS, HTTP, TLS, ICMP, KINDS };

static unsigned kind_of(struct maker *k)
{
    static const unsigned up_to[KINDS] = { 62, 80, 92, 97, 100 };
    uint64_t v = below(k, 100);
    unsigned kind = 0;
    while (v >= up_to[kind])
        kind++;
    return kind;
}

static void start(struct maker *k, const struct messages *m, uint64_t i)
{
    *k = (struct maker){ .m = m, .i = i };
    k->random = m->seed * 0xd1342543de82ef95u + i * 0x2545f4914f6cdd1du;
    (void)next(k);
    k->kind = kind_of(k);
    k->ms = m->from_ms + (int64_t)((double)m->span_ms * (double)i / (double)m->n);
    int64_t late = (int64_t)below(k, 3000);
    k->ms = k->ms - late < m->from_ms ? k->ms : k->ms - late;
    k->source = skewed(k, 20000);
    k->target = skewed(k, 200000);
    k->agent = skewed(k, 12);
    for (unsigned d = 0; d < 2; d++) {
        k->packets[d] = 1 + skewed(k, 400);
        k->bytes[d] = k->packets[d] * (40 + below(k, 1400));
    }
    k->duration_ns = skewed(k, 60000000000u);
}

static void put_address(struct buf *b, uint64_t n, bool inside)
{
    if (n % 12 == 11)
        buf_printf(b, inside ? "fd77::%llx:%llx" : "2a00:1450:%llx::%llx",
                   (unsigned long long)(n >> 8) + 1, (unsigned long long)(n & 255) + 1);
    else if (inside)
        buf_printf(b, "10.%u.%u.%u", (unsigned)(n >> 16) + 20, (unsigned)(n >> 8) & 255,
                   (unsigned)n & 255);
    else
        buf_printf(b, "%u.%u.%u.%u", (unsigned)(n % 180) + 20, (unsigned)(n >> 12) & 255,
                   (unsigned)(n >> 4) & 255, (unsigned)n & 255);
}

static void put_pick(struct maker *k, struct buf *b, const char *const *of, unsigned n)
{
    buf_cstr(b, of[skewed(k, n)]);
}
#define PICK(...)                                                                                  \
    put_pick(k, b, (const char *const[]){ __VA_ARGS__ },                                           \
             COUNT(((const char *const[]){ __VA_ARGS__ })))

static void put_letters(struct maker *k, struct buf *b, unsigned n)
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    while (n--)
        buf_u8(b, (uint8_t)letters[below(k, 32)]);
}

/* ULID: 48 bits of milliseconds and 80 others, here the number of the message. */
static void put_id(struct maker *k, struct buf *b)
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    for (int shift = 45; shift >= 0; shift -= 5)
        buf_u8(b, (uint8_t)letters[(uint64_t)k->ms >> shift & 31]);
    buf_printf(b, "%016llu", (unsigned long long)k->i);
}

static void put_domain(struct buf *b, uint64_t n)
{
    static const char *const ends[] = { "com", "net", "org", "example", "de", "io" };
    buf_printf(b, "host%llu.site%llu.%s", (unsigned long long)n % 7, (unsigned long long)n,
               ends[n % COUNT(ends)]);
}

/* long: one case per placeholder */
static void put_value(struct maker *k, struct buf *b, uint8_t what)
{
    static const unsigned ports[] = { 443, 53, 80, 8080, 22, 5432, 123, 25, 3306, 8443 };
    static const unsigned codes[] = { 200, 304, 404, 204, 301, 500, 302, 403, 503, 201 };
    switch (what) {
    case 'i':
        put_id(k, b);
        break;
    case 't':
        civil_write(b, k->ms, ' ');
        break;
    case 'z':
        civil_write(b, k->ms, 'T');
        buf_u8(b, 'Z');
        break;
    case 's':
        put_address(b, k->source, true);
        break;
    case 'd':
        put_address(b, k->target, false);
        break;
    case 'S':
        buf_dec(b, 1024 + k->source * 7 % 60000);
        break;
    case 'D':
        buf_dec(b, ports[(k->target * 2654435761u >> 8) % COUNT(ports)]);
        break;
    case 'b':
        buf_dec(b, k->bytes[0]);
        break;
    case 'B':
        buf_dec(b, k->bytes[1]);
        break;
    case 'c':
        buf_dec(b, k->bytes[0] + k->bytes[1]);
        break;
    case 'p':
        buf_dec(b, k->packets[0]);
        break;
    case 'P':
        buf_dec(b, k->packets[1]);
        break;
    case 'o':
        buf_dec(b, k->packets[0] + k->packets[1]);
        break;
    case 'u':
        buf_dec(b, k->duration_ns);
        break;
    case 'v':
        buf_dec(b, k->duration_ns / 1000000000);
        break;
    case 'f':
        buf_cstr(b, below(k, 10) < 6 ? "true" : "false");
        break;
    case 'a':
        buf_printf(b, "%08llx-5d3c-4f0e-9c7a-0242ac120002",
                   (unsigned long long)(k->agent + 1) * 0x01234567u & 0xffffffffu);
        break;
    case 'h':
        buf_printf(b, "Sensor-%llu", (unsigned long long)k->agent);
        break;
    case 'k':
        put_letters(k, b, 26);
        break;
    case 'l':
        PICK("tcp", "udp", "udp", "icmp");
        break;
    case 'q':
        put_domain(b, k->target % 50000);
        break;
    case 'r':
        PICK("A", "AAAA", "HTTPS", "PTR", "TXT", "MX", "SOA");
        break;
    case 'R':
        PICK("0", "0", "0", "3", "2", "5");
        break;
    case 'm':
        PICK("GET", "GET", "POST", "HEAD", "PUT", "DELETE");
        break;
    case 'H':
        buf_dec(b, codes[skewed(k, COUNT(codes))]);
        break;
    case 'U':
        buf_dec(b, skewed(k, 400));
        break;
    case 'w':
        buf_printf(b, "/path/%llu/page", (unsigned long long)(k->target % 20000));
        break;
    case 'I':
        buf_dec(b, below(k, 65536));
        break;
    case 'n':
        PICK("outbound", "lateral", "inbound", "internal");
        break;
    case 'e':
        PICK("success", "success", "failure");
        break;
    case 'E':
        buf_printf(b, "%.5f", 1.0 + (double)(k->target % 3000) / 1000);
        break;
    case 'x':
        buf_cstr(b, k->m->stream);
        break;
    }
}

static void fill(struct maker *k, struct slice template, struct buf *out)
{
    for (size_t i = 0; i < template.n; i++) {
        bool is_value = template.p[i] == '<' && i + 2 < template.n && template.p[i + 2] == '>';
        if (!is_value) {
            buf_u8(out, template.p[i]);
            continue;
        }
        put_value(k, out, template.p[i + 1]);
        i += 2;
    }
}

/* Members in front of the template's: of equal names the last one stands, so these are fields that
 * the template does not have, or other names for what is odd. */
static const char *const odd_flow =
    "{\"gl2_message_id\":\"<i>\",\"timestamp\":\"<t>\",\"streams\":[\"<x>\"],\"source\":\"<h>\","
    "\"vendor_subtype\":\"flow\",\"message\":\"Odd Flow <s> <l>\",";
static const char *const odd_parts[] = {
    "\"network_bytes\":\"<c>\",\"source_port\":\"<S>\",\"vendor_flow_final\":\"true\"}",
    "\"network_bytes\":<b>.5,\"destination_port\":<D>.0,\"vendor_flow_final\":true}",
    "\"source_reference\":[\"<s>\",\"<d>\"],\"network_bytes\":[<b>,<B>],\"vendor_flow_final\":"
    "true}",
    "\"source_reference\":<S>,\"network_transport\":null,\"gim_event_type_code\":\"120500\"}",
    "\"destination_reference\":\"\\u00c4<d>\\n\\u0001\",\"extra\":{\"a\":[1,\"b\"]},\"tags\":[]}",
    "\"full_message\":\"The Quick <h> jumped\",\"level\":<p>,\"ratio\":<E>,\"ok\":<f>}",
    "\"network_bytes\":123456789012345678901234567890,\"tags\":[\"red\",\"green\",7,null]}",
    "\"http_user_agent\":\"\\ud83d lone\",\"note\":\"x\\\"y\\\\z\",\"host_hostname\":true}",
};

bool messages_make(const struct messages *m, uint64_t i, struct buf *out)
{
    static struct lines templates;
    struct maker k;
    if (!templates.n &&
        (!lines_read(&templates, "test/lib/messages.ndjson") || templates.n < KINDS))
        return false;
    start(&k, m, i);
    if (below(&k, 1000) < m->odd) {
        fill(&k, slice_cstr(odd_flow), out);
        fill(&k, slice_cstr(odd_parts[below(&k, COUNT(odd_parts))]), out);
    } else {
        fill(&k, slice_cstr(templates.v[k.kind]), out);
    }
    return !out->full;
}
