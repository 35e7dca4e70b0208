/* Digests of texts as hexadecimal digits: RFC 1321, FIPS 180-4, CRC-32 of ISO 3309 and RFC 3720,
 * MurmurHash3 (Appleby 2011). */
#include <openssl/evp.h>

#include "pack/function.h"

static struct rule_value digest(struct call *c, const EVP_MD *md)
{
    uint8_t out[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct slice s = call_text(c, 0);
    struct buf b = call_buf(c, sizeof out * 2);
    if (!EVP_Digest(s.n ? s.p : out, s.n, out, &n, md, NULL))
        return call_fail(c, "the digest is not available");
    buf_hex(&b, slice_of(out, n), false);
    return call_done(c, &b);
}

struct rule_value fn_md5(struct call *c)
{
    return digest(c, EVP_md5());
}

struct rule_value fn_sha1(struct call *c)
{
    return digest(c, EVP_sha1());
}

struct rule_value fn_sha256(struct call *c)
{
    return digest(c, EVP_sha256());
}

struct rule_value fn_sha512(struct call *c)
{
    return digest(c, EVP_sha512());
}

/* polynomial: reflected */
static struct rule_value crc(struct call *c, uint32_t polynomial)
{
    struct slice s = call_text(c, 0);
    struct buf b = call_buf(c, 8);
    uint32_t r = 0xffffffff;
    for (size_t i = 0; i < s.n; i++) {
        r ^= s.p[i];
        for (unsigned bit = 0; bit < 8; bit++)
            r = r & 1 ? (r >> 1) ^ polynomial : r >> 1;
    }
    r = ~r;
    uint8_t bytes[4] = { (uint8_t)r, (uint8_t)(r >> 8), (uint8_t)(r >> 16), (uint8_t)(r >> 24) };
    buf_hex(&b, slice_of(bytes, 4), false);
    return call_done(c, &b);
}

struct rule_value fn_crc32(struct call *c)
{
    return crc(c, 0xedb88320);
}

struct rule_value fn_crc32c(struct call *c)
{
    return crc(c, 0x82f63b78);
}

static uint32_t turn32(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint64_t turn64(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

/* Up to eight bytes, the least significant first; those beyond n are zero. */
static uint64_t little(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n && i < 8; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

struct rule_value fn_murmur3_32(struct call *c)
{
    struct slice s = call_text(c, 0);
    struct buf b = call_buf(c, 8);
    uint32_t h = 0;
    for (size_t i = 0; i < s.n; i += 4) {
        uint32_t k = (uint32_t)little(s.p + i, s.n - i < 4 ? s.n - i : 4) * 0xcc9e2d51;
        h ^= turn32(k, 15) * 0x1b873593;
        if (s.n - i >= 4)
            h = turn32(h, 13) * 5 + 0xe6546b64;
    }
    h ^= (uint32_t)s.n;
    h = (h ^ h >> 16) * 0x85ebca6b;
    h = (h ^ h >> 13) * 0xc2b2ae35;
    h ^= h >> 16;
    uint8_t bytes[4] = { (uint8_t)h, (uint8_t)(h >> 8), (uint8_t)(h >> 16), (uint8_t)(h >> 24) };
    buf_hex(&b, slice_of(bytes, 4), false);
    return call_done(c, &b);
}

static uint64_t murmur_end(uint64_t k)
{
    k = (k ^ k >> 33) * 0xff51afd7ed558ccd;
    k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53;
    return k ^ k >> 33;
}

/* The x64 form, 128 bits. */
struct rule_value fn_murmur3_128(struct call *c)
{
    const uint64_t c1 = 0x87c37b91114253d5, c2 = 0x4cf5ad432745937f;
    struct slice s = call_text(c, 0);
    struct buf b = call_buf(c, 32);
    uint64_t h[2] = { 0, 0 };
    uint8_t bytes[16];
    for (size_t i = 0; i < s.n; i += 16) {
        size_t left = s.n - i;
        h[0] ^= turn64(little(s.p + i, left) * c1, 31) * c2;
        if (left >= 16)
            h[0] = (turn64(h[0], 27) + h[1]) * 5 + 0x52dce729;
        h[1] ^= turn64((left > 8 ? little(s.p + i + 8, left - 8) : 0) * c2, 33) * c1;
        if (left >= 16)
            h[1] = (turn64(h[1], 31) + h[0]) * 5 + 0x38495ab5;
    }
    h[0] ^= s.n;
    h[1] ^= s.n;
    h[0] += h[1];
    h[1] += h[0];
    h[0] = murmur_end(h[0]);
    h[1] = murmur_end(h[1]);
    h[0] += h[1];
    h[1] += h[0];
    for (unsigned i = 0; i < 16; i++)
        bytes[i] = (uint8_t)(h[i / 8] >> 8 * (i % 8));
    buf_hex(&b, slice_of(bytes, 16), false);
    return call_done(c, &b);
}
