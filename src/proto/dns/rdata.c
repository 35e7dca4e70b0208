/* Record data (RFC 1035 section 3.3 and the RFCs of the types) as values, by one table. */
#include "proto/dns/rdata.h"

#include "base/bug.h"
#include "proto/dns/names.h"
#include "proto/lib/dnsname.h"

/* How a part of the data stands on the wire, and what is made of it. */
enum form {
    END,
    NUM16, /* a number in the event */
    NUM32,
    DEC8, /* a number as text */
    DEC16,
    DEC32,
    ADDR4,
    ADDR6,
    NAME,     /* text without the dot at the end */
    NAME_DOT, /* with it */
    STRING,   /* length octet and characters */
    STRINGS,  /* to the end: such strings, joined by a space */
    TYPE,
    ALGORITHM,
    HASH,
    TIME,    /* seconds since 1970 as YYYYMMDDhhmmss (RFC 4034 section 3.2) */
    SALT,    /* length octet and octets: hex, or - for none (RFC 5155 section 3.3) */
    BASE32,  /* length octet and octets: base32hex */
    BASE64,  /* to the end */
    HEX,     /* to the end */
    BITMAP,  /* to the end: types (RFC 4034 section 4.1.2) */
    OPTIONS, /* to the end: code, length, octets (RFC 6891 section 6.1.2) */
    BYTES,   /* to the end, as they are */
    FORMS
};

/* Octets of fixed forms. */
static const uint8_t widths[FORMS] = {
    [NUM16] = 2,  [NUM32] = 4, [DEC8] = 1,      [DEC16] = 2, [DEC32] = 4, [ADDR4] = 4,
    [ADDR6] = 16, [TYPE] = 2,  [ALGORITHM] = 1, [HASH] = 1,  [TIME] = 4,
};

struct part {
    const char *key; /* NULL: it is the data */
    enum form form;
};

/* A type is shown part by part, or `raw`: as the octets of all its data with names expanded; its
 * forms then only say where the names are. */
struct layout {
    const struct part *parts; /* ends with END */
    const uint8_t *raw;       /* enum form, ends with END */
};

/* Forms in raw types, where only their widths count. */
enum { OCTET = DEC8, OCTETS2 = DEC16, OCTETS4 = DEC32, OCTETS16 = ADDR6 };

/* clang-format off */
#define PARTS(...) { .parts = (const struct part[]){ __VA_ARGS__, { NULL, END } } }
#define RAW(...)   { .raw = (const uint8_t[]){ __VA_ARGS__, END } }
#define DATA NULL

static const struct layout layouts[] = {
    [RR_A]     = PARTS({ DATA, ADDR4 }),
    [RR_AAAA]  = PARTS({ DATA, ADDR6 }),
    [RR_NS]    = PARTS({ DATA, NAME }),
    [RR_CNAME] = PARTS({ DATA, NAME }),
    [RR_PTR]   = PARTS({ DATA, NAME }),
    [RR_MX]    = PARTS({ "preference", NUM16 }, { DATA, NAME }),
    [RR_SRV]   = PARTS({ "priority", NUM16 }, { "weight", NUM16 }, { "port", NUM16 },
                       { DATA, NAME }),
    [RR_SOA]   = PARTS({ DATA, NAME }, { "rname", NAME }, { "serial", NUM32 },
                       { "refresh", NUM32 }, { "retry", NUM32 }, { "expire", NUM32 },
                       { "minimum", NUM32 }),
    [RR_TXT]   = PARTS({ DATA, STRINGS }),
    [RR_DS]    = PARTS({ "key_tag", DEC16 }, { "algorithm", ALGORITHM }, { "digest_type", HASH },
                       { DATA, HEX }),
    [RR_DNSKEY] = PARTS({ "flags", DEC16 }, { "protocol", DEC8 }, { "algorithm", ALGORITHM },
                        { DATA, BASE64 }),
    [RR_RRSIG] = PARTS({ "type_covered", TYPE }, { "algorithm", ALGORITHM }, { "labels", DEC8 },
                       { "original_ttl", DEC32 }, { "expiration", TIME }, { "inception", TIME },
                       { "key_tag", DEC16 }, { "signer_name", NAME }, { DATA, BASE64 }),
    [RR_NSEC]  = PARTS({ DATA, NAME_DOT }, { "type_bits", BITMAP }),
    [RR_NSEC3] = PARTS({ "hash", HASH }, { "flags", DEC8 }, { "iterations", DEC16 },
                       { "salt", SALT }, { DATA, BASE32 }, { "type_bits", BITMAP }),
    [RR_NSEC3PARAM] = PARTS({ "hash", HASH }, { "flags", DEC8 }, { "iterations", DEC16 },
                            { DATA, SALT }),
    [RR_OPT]      = RAW(OPTIONS),
    [RR_MD]       = RAW(NAME),
    [RR_MF]       = RAW(NAME),
    [RR_MB]       = RAW(NAME),
    [RR_MG]       = RAW(NAME),
    [RR_MR]       = RAW(NAME),
    [RR_MINFO]    = RAW(NAME, NAME),
    [RR_HINFO]    = RAW(STRING, STRING),
    [RR_RP]       = RAW(NAME, NAME),
    [RR_AFSDB]    = RAW(OCTETS2, NAME),
    [RR_X25]      = RAW(STRING),
    [RR_RT]       = RAW(OCTETS2, NAME),
    [RR_NSAP_PTR] = RAW(NAME),
    [RR_SIG]      = RAW(OCTETS16, OCTETS2, NAME, BYTES),
    [RR_KEY]      = RAW(OCTETS4, BYTES),
    [RR_PX]       = RAW(OCTETS2, NAME, NAME),
    [RR_GPOS]     = RAW(STRING, STRING, STRING),
    [RR_LOC]      = RAW(OCTETS16),
    [RR_NXT]      = RAW(NAME, BYTES),
    [RR_NAPTR]    = RAW(OCTETS2, OCTETS2, STRING, STRING, STRING, NAME),
    [RR_KX]       = RAW(OCTETS2, NAME),
    [RR_CERT]     = RAW(OCTETS4, OCTET, BYTES),
    [RR_DNAME]    = RAW(NAME),
    [RR_SSHFP]    = RAW(OCTETS2, BYTES),
    [RR_TLSA]     = RAW(OCTETS2, OCTET, BYTES),
    [RR_SMIMEA]   = RAW(OCTETS2, OCTET, BYTES),
    [RR_TALINK]   = RAW(NAME, NAME),
    [RR_CDS]      = RAW(OCTETS4, BYTES),
    [RR_CDNSKEY]  = RAW(OCTETS4, BYTES),
    [RR_CSYNC]    = RAW(OCTETS4, OCTETS2, BITMAP),
    [RR_ZONEMD]   = RAW(OCTETS4, OCTETS2, BYTES),
    [RR_SVCB]     = RAW(OCTETS2, NAME, OPTIONS), /* its parameters stand as options do (RFC 9460) */
    [RR_HTTPS]    = RAW(OCTETS2, NAME, OPTIONS),
    [RR_NID]      = RAW(OCTETS2, OCTETS4, OCTETS4),
    [RR_L32]      = RAW(OCTETS2, OCTETS4),
    [RR_L64]      = RAW(OCTETS2, OCTETS4, OCTETS4),
    [RR_LP]       = RAW(OCTETS2, NAME),
    [RR_EUI48]    = RAW(OCTETS4, OCTETS2),
    [RR_EUI64]    = RAW(OCTETS4, OCTETS4),
    [RR_TKEY]     = RAW(NAME, BYTES),
    [RR_TSIG]     = RAW(NAME, BYTES),
    [RR_URI]      = RAW(OCTETS4, BYTES),
    [RR_CAA]      = RAW(OCTET, STRING, BYTES),
};
/* clang-format on */

static const struct layout *layout_of(uint16_t type)
{
    static const uint8_t bytes[] = { BYTES, END };
    static const struct layout unknown = { .raw = bytes };
    bool known = type < COUNT(layouts) && (layouts[type].parts || layouts[type].raw);
    return known ? &layouts[type] : &unknown;
}

/* ---- checking: passes a part, or marks the cursor bad */

static void pass_strings(struct cursor *c)
{
    while (cur_left(c))
        cur_skip(c, cur_u8(c));
}

static void pass_options(struct cursor *c)
{
    while (cur_left(c)) {
        cur_skip(c, 2);
        cur_skip(c, cur_u16be(c));
    }
}

/* Windows of up to 32 octets each (RFC 4034 section 4.1.2). */
static void pass_bitmap(struct cursor *c)
{
    while (cur_left(c)) {
        cur_skip(c, 1);
        uint8_t n = cur_u8(c);
        if (n == 0 || n > 32)
            c->bad = true;
        cur_skip(c, n);
    }
}

static void pass_part(struct slice bytes, struct cursor *c, enum form form)
{
    switch (form) {
    case NAME:
    case NAME_DOT:
        dnsname_skip(bytes, c);
        break;
    case STRING:
    case SALT:
    case BASE32:
        cur_skip(c, cur_u8(c));
        break;
    case STRINGS:
        pass_strings(c);
        break;
    case OPTIONS:
        pass_options(c);
        break;
    case BITMAP:
        pass_bitmap(c);
        break;
    case BASE64:
    case HEX:
    case BYTES:
        cur_skip(c, cur_left(c));
        break;
    default:
        cur_skip(c, widths[form]);
    }
}

bool dns_rdata_check(struct slice bytes, const struct dns_record *r)
{
    struct cursor c = cur_of(r->rdata);
    if (r->rdata.n == 0)
        return true;
    const struct layout *l = layout_of(r->type);
    for (const struct part *p = l->parts; p && p->form != END; p++)
        pass_part(bytes, &c, p->form);
    for (const uint8_t *form = l->raw; form && *form != END; form++)
        pass_part(bytes, &c, *form);
    return cur_ok(&c) && cur_left(&c) == 0;
}

/* ---- texts: each appends to `text` */

/* Quotes and backslashes escaped, what is not printable ASCII as \DDD. With `short_forms`, tab, CR
 * and LF have forms of their own. */
static void put_escaped(struct buf *text, struct slice s, bool short_forms)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t b = s.p[i];
        if (b == '"' || b == '\\') {
            buf_u8(text, '\\');
            buf_u8(text, b);
        } else if (short_forms && (b == '\t' || b == '\r' || b == '\n')) {
            buf_u8(text, '\\');
            buf_u8(text, b == '\t' ? 't' : b == '\r' ? 'r' : 'n');
        } else if (b < 0x20 || b > 0x7e) {
            buf_u8(text, '\\');
            buf_dec_pad(text, b, 3);
        } else {
            buf_u8(text, b);
        }
    }
}

static void put_strings(struct buf *text, struct cursor *c)
{
    for (bool first = true; cur_left(c); first = false) {
        if (!first)
            buf_u8(text, ' ');
        put_escaped(text, cur_bytes(c, cur_u8(c)), false);
    }
}

/* RFC 4648 section 7, without padding: eight characters for five octets. */
static void put_base32hex(struct buf *text, struct slice s)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < s.n; i++) {
        bits = bits << 8 | s.p[i];
        for (have += 8; have >= 5; have -= 5)
            buf_u8(text, (uint8_t)digits[bits >> (have - 5) & 31]);
    }
    if (have)
        buf_u8(text, (uint8_t)digits[bits << (5 - have) & 31]);
}

static void put_window(struct buf *text, uint8_t window, struct slice map, bool *first)
{
    for (unsigned bit = 0; bit < map.n * 8 && !text->full; bit++) {
        if (!(map.p[bit / 8] & 0x80 >> bit % 8))
            continue;
        if (!*first)
            buf_u8(text, ' ');
        *first = false;
        dns_put_type(text, (uint16_t)(window << 8 | bit));
    }
}

static void put_bitmap(struct buf *text, struct cursor *c)
{
    bool first = true;
    while (cur_left(c) && !text->full) {
        uint8_t window = cur_u8(c);
        put_window(text, window, cur_bytes(c, cur_u8(c)), &first);
    }
}

static void put_time(struct buf *text, uint32_t seconds)
{
    struct buf iso = buf_of((uint8_t[40]){ 0 }, 40);
    buf_time(&iso, (int64_t)seconds * 1000000000, TIME_MILLI);
    for (size_t i = 0; i < iso.n && iso.p[i] != '.'; i++) /* 2006-01-02T15:04:05.000Z */
        if (iso.p[i] >= '0' && iso.p[i] <= '9')
            buf_u8(text, iso.p[i]);
}

/* Takes the dot at the end of the name that starts at `start` away, unless it is the root. */
static void drop_dot(struct buf *text, size_t start)
{
    if (text->n > start + 1 && text->p[text->n - 1] == '.')
        text->n--;
}

void dns_put_name(struct buf *out, struct slice bytes, struct slice name)
{
    struct cursor at = cur_of(name);
    size_t start = out->n;
    dnsname_text(bytes, &at, out);
    drop_dot(out, start);
}

static void put_salt(struct buf *text, struct slice salt)
{
    if (salt.n)
        buf_hex(text, salt, true);
    else
        buf_u8(text, '-');
}

static uint32_t read_number(struct cursor *c, enum form form)
{
    switch (widths[form]) {
    case 1:
        return cur_u8(c);
    case 2:
        return cur_u16be(c);
    default:
        return cur_u32be(c);
    }
}

static struct addr read_address(struct cursor *c, enum form form)
{
    struct slice b = cur_bytes(c, widths[form]);
    if (b.n == 0)
        return (struct addr){ 0 };
    return form == ADDR4 ? addr_v4(b.p) : addr_v6(b.p);
}

/* ---- reading */

/* Reads one part at c as text. */
static struct slice part_text(struct slice bytes, struct cursor *c, enum form form,
                              struct buf *text) /* long: one case per form */
{
    size_t start = text->n;
    switch (form) {
    case DEC8:
    case DEC16:
    case DEC32:
        buf_dec(text, read_number(c, form));
        break;
    case NAME:
    case NAME_DOT:
        dnsname_text(bytes, c, text);
        break;
    case STRINGS:
        put_strings(text, c);
        break;
    case TYPE:
        dns_put_type(text, cur_u16be(c));
        break;
    case ALGORITHM:
        dns_put_algorithm(text, cur_u8(c));
        break;
    case HASH:
        dns_put_hash(text, cur_u8(c));
        break;
    case TIME:
        put_time(text, cur_u32be(c));
        break;
    case SALT:
        put_salt(text, cur_bytes(c, cur_u8(c)));
        break;
    case BASE32:
        put_base32hex(text, cur_bytes(c, cur_u8(c)));
        break;
    case BASE64:
        buf_base64(text, cur_bytes(c, cur_left(c)), true);
        break;
    case HEX:
        buf_hex(text, cur_bytes(c, cur_left(c)), true);
        break;
    case BITMAP:
        put_bitmap(text, c);
        break;
    default:
        BUG_ON(true); /* the other forms are numbers, addresses or parts of raw types */
    }
    if (form == NAME)
        drop_dot(text, start);
    return buf_since(text, start);
}

static void read_part(struct slice bytes, struct cursor *c, const struct part *p, struct buf *text,
                      struct dns_rdata *out)
{
    if (p->form == ADDR4 || p->form == ADDR6) {
        out->address = read_address(c, p->form);
        out->has_address = true;
        size_t start = text->n;
        buf_addr(text, &out->address);
        out->data = buf_since(text, start);
        return;
    }
    if (!p->key) {
        out->data = part_text(bytes, c, p->form, text);
        return;
    }
    struct dns_extra *x = &out->extra[out->n++];
    *x = (struct dns_extra){ .key = slice_cstr(p->key) };
    if (p->form == NUM16 || p->form == NUM32) {
        x->is_number = true;
        x->number = read_number(c, p->form);
    } else {
        x->text = part_text(bytes, c, p->form, text);
    }
}

/* The data of a raw type with its names expanded, as octets appended to wire. */
static void put_wire(struct slice bytes, struct cursor c, const uint8_t *form, struct buf *wire)
{
    for (; *form != END; form++) {
        struct slice rest = cur_rest(&c);
        if (*form == NAME) {
            dnsname_wire(bytes, &c, wire);
        } else {
            pass_part(bytes, &c, *form);
            buf_add(wire, slice_first(rest, rest.n - cur_left(&c)));
        }
    }
}

static struct slice raw_text(struct slice bytes, struct cursor c, const uint8_t *form,
                             struct buf *text)
{
    size_t start = text->n;
    put_wire(bytes, c, form, text);
    struct slice wire = buf_since(text, start);
    start = text->n;
    put_escaped(text, wire, true);
    return buf_since(text, start);
}

/* Empty data: parts have their zero values, and an address is left out. */
static void read_empty(const struct part *p, struct dns_rdata *out)
{
    for (; p && p->form != END; p++)
        if (p->key)
            out->extra[out->n++] =
                (struct dns_extra){ .key = slice_cstr(p->key),
                                    .is_number = p->form == NUM16 || p->form == NUM32 };
}

void dns_rdata_read(struct slice bytes, const struct dns_record *r, struct buf *text,
                    struct dns_rdata *out)
{
    const struct layout *l = layout_of(r->type);
    struct cursor c = cur_of(r->rdata);
    out->n = 0;
    out->data = slice_of(NULL, 0);
    out->has_address = false;
    if (r->rdata.n == 0) {
        read_empty(l->parts, out);
    } else if (l->raw) {
        out->data = raw_text(bytes, c, l->raw, text);
    } else {
        for (const struct part *p = l->parts; p->form != END; p++)
            read_part(bytes, &c, p, text, out);
    }
}

size_t dns_text_room(size_t message_bytes)
{
    return 5 * message_bytes + 4 * DNSNAME_TEXT_MAX;
}
