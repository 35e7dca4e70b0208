/* XXH64: four lanes of 32-byte stripes, then the rest, then avalanche. */
#include "codec/xxh64.h"

#define P1 UINT64_C(0x9E3779B185EBCA87)
#define P2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define P3 UINT64_C(0x165667B19E3779F9)
#define P4 UINT64_C(0x85EBCA77C2B2AE63)
#define P5 UINT64_C(0x27D4EB2F165667C5)

static uint64_t rotate(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

static uint64_t read64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t read32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t round_of(uint64_t lane, uint64_t input)
{
    return rotate(lane + input * P2, 31) * P1;
}

static uint64_t merge(uint64_t h, uint64_t lane)
{
    return (h ^ round_of(0, lane)) * P1 + P4;
}

/* Whole stripes of *s, which are passed. */
static uint64_t stripes(struct slice *s, uint64_t seed)
{
    uint64_t lane[4] = { seed + P1 + P2, seed + P2, seed, seed - P1 };
    for (; s->n >= 32; *s = slice_after(*s, 32))
        for (unsigned i = 0; i < 4; i++)
            lane[i] = round_of(lane[i], read64(s->p + 8 * i));
    uint64_t h =
        rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);
    for (unsigned i = 0; i < 4; i++)
        h = merge(h, lane[i]);
    return h;
}

uint64_t xxh64(struct slice s, uint64_t seed)
{
    uint64_t n = s.n;
    uint64_t h = (s.n >= 32 ? stripes(&s, seed) : seed + P5) + n;
    for (; s.n >= 8; s = slice_after(s, 8))
        h = rotate(h ^ round_of(0, read64(s.p)), 27) * P1 + P4;
    if (s.n >= 4) {
        h = rotate(h ^ read32(s.p) * P1, 23) * P2 + P3;
        s = slice_after(s, 4);
    }
    for (; s.n; s = slice_after(s, 1))
        h = rotate(h ^ s.p[0] * P5, 11) * P1;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}
