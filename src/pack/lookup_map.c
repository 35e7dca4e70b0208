/* Texts, or networks, and what they stand for. */
#include <endian.h>

#include "pack/lookup_map.h"

#include "base/utf8.h"
#include "pack/unicode.h"

#define KEY_BYTES 512 /* longer keys are lowered in the message's memory */

static uint32_t net_hash(const struct addr *net, unsigned bits)
{
    uint64_t high, low; /* the table is the user's: nobody chooses its keys to collide */
    memcpy(&high, net->b, sizeof high);
    memcpy(&low, net->b + 8, sizeof low);
    uint64_t h = (high * 0x9e3779b97f4a7c15u ^ low) * 0xe7037ed1a0b428dbu + bits;
    return (uint32_t)(h * 0xa0761d6478bd642fu >> 32);
}

struct lookup_map *lookup_map_new(struct arena *mem, uint32_t cap, const struct lookup_source *s)
{
    struct lookup_map *m = arena_zalloc(mem, sizeof *m);
    uint32_t slots = 8;
    cap = cap < LOOKUP_ROWS_MAX ? cap : LOOKUP_ROWS_MAX;
    while (slots < cap * 2)
        slots *= 2;
    if (!m)
        return NULL;
    m->row = arena_alloc(mem, (cap + 1) * sizeof *m->row);
    m->slot = arena_zalloc(mem, slots * sizeof *m->slot);
    m->cap = cap;
    m->mask = slots - 1;
    m->nocase = s->nocase;
    m->cidr = s->cidr;
    return m->row && m->slot ? m : NULL;
}

/* ---- finding */

static const struct lookup_row *find_text(const struct lookup_map *m, struct slice key)
{
    for (uint32_t i = message_hash(key) & m->mask; m->slot[i]; i = (i + 1) & m->mask) {
        const struct lookup_row *row = &m->row[m->slot[i] - 1];
        if (slice_eq(row->key, key))
            return row;
    }
    return NULL;
}

static const struct lookup_row *find_net(const struct lookup_map *m, const struct addr *net,
                                         unsigned bits)
{
    for (uint32_t i = net_hash(net, bits) & m->mask; m->slot[i]; i = (i + 1) & m->mask) {
        const struct lookup_row *row = &m->row[m->slot[i] - 1];
        if (row->bits == bits && addr_eq(&row->net, net))
            return row;
    }
    return NULL;
}

static struct addr masked(struct addr a, unsigned bits)
{
    uint64_t half[2];
    memcpy(half, a.b, sizeof half);
    for (unsigned i = 0; i < 2; i++) {
        unsigned kept = bits > i * 64 ? bits - i * 64 : 0;
        uint64_t mask = kept == 0 ? 0 : kept >= 64 ? UINT64_MAX : ~(UINT64_MAX >> kept);
        half[i] &= htobe64(mask);
    }
    memcpy(a.b, half, sizeof half);
    return a;
}

static const struct lookup_row *find_address(const struct lookup_map *m, const struct addr *a)
{
    bool v4 = addr_is_v4(a);
    for (unsigned i = 0; i < m->n_lengths; i++) {
        unsigned bits = m->length[i];
        if (v4 && bits < 96)
            break; /* networks of IPv6 */
        struct addr net = masked(*a, bits);
        const struct lookup_row *row = find_net(m, &net, bits);
        if (row)
            return row;
    }
    return NULL;
}

/* key in small letters, in `near` or, when that is too small, in mem. */
static struct slice lowered(struct slice key, uint8_t near[KEY_BYTES], struct arena *mem)
{
    size_t cap = unicode_case_bytes(key);
    struct buf to = cap <= KEY_BYTES ? buf_of(near, KEY_BYTES) : buf_of(arena_alloc(mem, cap), cap);
    if (!to.p)
        return slice_of(NULL, 0);
    uint8_t all = 0;
    for (size_t i = 0; i < key.n; i++) {
        all |= key.p[i];
        to.p[i] = ascii_lower(key.p[i]);
    }
    if (all < 0x80 || !utf8_ok(key) || !unicode_case(key, slice_of(NULL, 0), false, &to))
        return slice_of(to.p, key.n); /* bytes that are no text stay what they are */
    return buf_slice(&to);
}

struct slice lookup_map_text(const struct lookup_map *m, const struct rule_value *key,
                             struct arena *mem)
{
    struct slice text = value_to_text(key, mem);
    uint8_t near[KEY_BYTES];
    return m->nocase ? arena_dup(mem, lowered(text, near, mem)) : text;
}

static const struct lookup_row *find(const struct lookup_map *m, const struct rule_value *key,
                                     struct arena *mem)
{
    uint8_t near[KEY_BYTES];
    struct addr a;
    if (m->cidr && key->kind == K_IP)
        return find_address(m, key->p);
    struct slice text = value_to_text(key, mem);
    if (m->cidr)
        return addr_parse(text, &a) ? find_address(m, &a) : NULL;
    return find_text(m, m->nocase ? lowered(text, near, mem) : text);
}

static void ask(const void *data, const struct rule_value *key, int64_t now_ms, struct arena *mem,
                struct lookup_answer *out)
{
    (void)now_ms; /* nothing expires */
    const struct lookup_row *row = find(data, key, mem);
    if (!row)
        return;
    out->single = row->single;
    out->multi = row->multi;
    out->list = row->list;
}

const struct lookup_adapter lookup_map_adapter = { .name = "memory", .ask = ask };

/* ---- filling */

static bool read_net(struct lookup_row *row)
{
    ptrdiff_t slash = slice_find(row->key, '/');
    struct slice address = slash < 0 ? row->key : slice_first(row->key, (size_t)slash);
    bool v4 = slice_find(address, ':') < 0;
    uint64_t bits = v4 ? 32 : 128;
    if (!addr_parse(address, &row->net) ||
        (slash >= 0 && !slice_to_u64(slice_after(row->key, (size_t)slash + 1), &bits)) ||
        bits > (v4 ? 32 : 128))
        return false;
    row->bits = (unsigned)bits + (v4 ? 96 : 0);
    row->net = masked(row->net, row->bits);
    return true;
}

static void place_row(struct lookup_map *m, const struct lookup_row *row)
{
    uint32_t i = (m->cidr ? net_hash(&row->net, row->bits) : message_hash(row->key)) & m->mask;
    while (m->slot[i])
        i = (i + 1) & m->mask;
    m->row[m->n] = *row;
    m->slot[i] = ++m->n;
}

bool lookup_map_add(struct lookup_map *m, struct lookup_row row, struct place at, struct arena *mem,
                    struct mistakes *wrong)
{
    if (m->nocase && !m->cidr) {
        uint8_t near[KEY_BYTES];
        row.key = arena_dup(mem, lowered(row.key, near, mem));
    }
    if (m->cidr && !read_net(&row)) {
        mistake_add(wrong, at, "'%.*s' is no network (10.0.0.0/8, 2001:db8::/32) and no address",
                    (int)slice_first(row.key, 60).n, row.key.p);
        return false;
    }
    const struct lookup_row *other =
        m->cidr ? find_net(m, &row.net, row.bits) : find_text(m, row.key);
    if (other) {
        mistake_add(wrong, at, "the key '%.*s' stands in line %u already (mend: keep one of them)",
                    (int)slice_first(row.key, 60).n, row.key.p, other->line);
        return false;
    }
    if (m->n == m->cap) {
        mistake_add(wrong, at, "more than %u rows (mend: a table of fewer rows)", m->cap);
        return false;
    }
    row.line = at.line;
    place_row(m, &row);
    return true;
}

void lookup_map_seal(struct lookup_map *m)
{
    bool used[129] = { false };
    for (uint32_t i = 0; m->cidr && i < m->n; i++)
        used[m->row[i].bits] = true;
    for (unsigned bits = 129; bits-- > 0;)
        if (used[bits])
            m->length[m->n_lengths++] = (uint8_t)bits;
}
