/* UUIDs of version 5: the first 16 bytes of SHA-1 over namespace and name, six bits replaced. */
#include "codec/uuid.h"

/* The one-shot EVP calls allocate; the low-level ones work on the stack. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/buf.h"

void uuid_of_name(char out[UUID_TEXT], const uint8_t space[UUID_BYTES], struct slice name)
{
    static const size_t groups[] = { 4, 2, 2, 2, 6 };
    uint8_t digest[SHA_DIGEST_LENGTH];
    struct buf b = buf_of(out, UUID_TEXT - 1);
    struct slice rest = slice_of(digest, UUID_BYTES);
    SHA_CTX c;
    SHA1_Init(&c);
    SHA1_Update(&c, space, UUID_BYTES);
    SHA1_Update(&c, name.p, name.n);
    SHA1_Final(digest, &c);
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x50); /* version */
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80); /* variant */
    for (size_t i = 0; i < COUNT(groups); i++) {
        if (i)
            buf_u8(&b, '-');
        buf_hex(&b, slice_first(rest, groups[i]), false);
        rest = slice_after(rest, groups[i]);
    }
    out[UUID_TEXT - 1] = '\0';
}
