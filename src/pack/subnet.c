/* Subnets in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3). */
#include "pack/subnet.h"

const struct subnet *subnet_make(struct arena *a, struct slice text)
{
    ptrdiff_t at = slice_find(text, '/');
    struct subnet *s = arena_zalloc(a, sizeof *s);
    uint64_t bits;
    if (at < 0 || !s || !addr_parse(slice_first(text, (size_t)at), &s->net) ||
        !slice_to_u64(slice_after(text, (size_t)at + 1), &bits))
        return NULL;
    s->v4 = slice_find(text, ':') < 0;
    if (bits > (s->v4 ? 32 : 128))
        return NULL;
    s->bits = (unsigned)bits + (s->v4 ? 96 : 0);
    return s;
}

bool subnet_has(const struct subnet *s, const struct addr *ip)
{
    if (s->v4 != addr_is_v4(ip))
        return false;
    unsigned whole = s->bits / 8, rest = s->bits % 8;
    if (memcmp(s->net.b, ip->b, whole) != 0)
        return false;
    return !rest || ((s->net.b[whole] ^ ip->b[whole]) >> (8 - rest)) == 0;
}
