/* Passwords as scrypt hashes (RFC 7914): "scrypt:N:r:p:SALT:HASH", salt and hash in base64 without
 * padding, N as its logarithm. Any thread; a check takes about a tenth of a second and 32 MiB. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define PASSWORD_MAX  1024 /* bytes of a password */
#define PASSWORD_TEXT 128  /* of a hash as text */

struct password {
    unsigned log_n, r, p;
    uint8_t salt[16], hash[32];
};

/* Reads what password_write has written. False: it is none, or asks for more than 256 MiB. */
bool password_read(struct password *out, struct slice text);
void password_write(struct buf *b, const struct password *p);

/* With a new salt. */
MUST_CHECK err password_make(struct password *out, struct slice password, struct why *w);
bool password_is(const struct password *p, struct slice password);
