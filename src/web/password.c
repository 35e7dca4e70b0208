/* scrypt by OpenSSL. */
#include "web/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define LOG_N      15
#define R          8
#define P          1
#define LOG_N_MAX  18
#define MEMORY_MAX ((uint64_t)300 << 20)

static bool derive(const struct password *p, struct slice password, uint8_t out[32])
{
    return EVP_PBE_scrypt((const char *)password.p, password.n, p->salt, sizeof p->salt,
                          UINT64_C(1) << p->log_n, p->r, p->p, MEMORY_MAX, out,
                          sizeof p->hash) == 1;
}

err password_make(struct password *out, struct slice password, struct why *w)
{
    *out = (struct password){ .log_n = LOG_N, .r = R, .p = P };
    if (password.n == 0 || password.n > PASSWORD_MAX)
        return why_set(w, ERR_USAGE, "a password has 1 to %d bytes", PASSWORD_MAX);
    if (RAND_bytes(out->salt, sizeof out->salt) != 1 || !derive(out, password, out->hash))
        return why_set(w, ERR_IO, "the password could not be hashed");
    return ERR_OK;
}

bool password_is(const struct password *p, struct slice password)
{
    uint8_t hash[sizeof p->hash];
    if (password.n > PASSWORD_MAX || !derive(p, password, hash))
        return false;
    return CRYPTO_memcmp(hash, p->hash, sizeof hash) == 0;
}

void password_write(struct buf *b, const struct password *p)
{
    buf_printf(b, "scrypt:%u:%u:%u:", p->log_n, p->r, p->p);
    buf_base64(b, slice_of(p->salt, sizeof p->salt), false);
    buf_u8(b, ':');
    buf_base64(b, slice_of(p->hash, sizeof p->hash), false);
}

static struct slice next_part(struct slice *rest)
{
    ptrdiff_t at = slice_find(*rest, ':');
    struct slice part = at < 0 ? *rest : slice_first(*rest, (size_t)at);
    *rest = slice_after(*rest, part.n + 1);
    return part;
}

static bool next_number(struct slice *rest, unsigned max, unsigned *out)
{
    uint64_t v;
    if (!slice_to_u64(next_part(rest), &v) || v == 0 || v > max)
        return false;
    *out = (unsigned)v;
    return true;
}

static int digit(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Base64 without padding of exactly n bytes. */
static bool next_bytes(struct slice *rest, uint8_t *out, size_t n)
{
    struct slice s = next_part(rest);
    uint32_t bits = 0;
    unsigned have = 0;
    size_t made = 0;
    if (s.n != (n * 4 + 2) / 3)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int v = digit(s.p[i]);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        out[made++] = (uint8_t)(bits >> have);
    }
    return made == n;
}

bool password_read(struct password *out, struct slice text)
{
    *out = (struct password){ 0 };
    return slice_eq(next_part(&text), SLICE("scrypt")) &&
           next_number(&text, LOG_N_MAX, &out->log_n) && next_number(&text, 8, &out->r) &&
           next_number(&text, 4, &out->p) && next_bytes(&text, out->salt, sizeof out->salt) &&
           slice_find(text, ':') < 0 && next_bytes(&text, out->hash, sizeof out->hash);
}
