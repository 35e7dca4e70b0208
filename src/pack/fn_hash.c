/* Digests of texts as hexadecimal digits: RFC 1321, FIPS 180-4, CRC-32 of ISO 3309 and RFC 3720. */
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
