/* UUIDs of version 5: the first 16 bytes of SHA-1 over namespace and name, six bits replaced. */
#include "codec/uuid.h"

/* The one-shot EVP calls allocate; the low-level ones work on the stack. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/buf.h"

struct uuid uuid_of_name(const struct uuid *space, struct slice name)
{
    uint8_t digest[SHA_DIGEST_LENGTH];
    struct uuid u;
    SHA_CTX c;
    SHA1_Init(&c);
    SHA1_Update(&c, space->b, sizeof space->b);
    SHA1_Update(&c, name.p, name.n);
    SHA1_Final(digest, &c);
    memcpy(u.b, digest, sizeof u.b);
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x50); /* version */
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80); /* variant */
    return u;
}

void uuid_text(char out[UUID_TEXT], const struct uuid *u)
{
    static const size_t groups[] = { 4, 2, 2, 2, 6 };
    struct buf b = buf_of(out, UUID_TEXT - 1);
    struct slice rest = slice_of(u->b, sizeof u->b);
    for (size_t i = 0; i < COUNT(groups); i++) {
        if (i)
            buf_u8(&b, '-');
        buf_hex(&b, slice_first(rest, groups[i]), false);
        rest = slice_after(rest, groups[i]);
    }
    out[UUID_TEXT - 1] = '\0';
}
