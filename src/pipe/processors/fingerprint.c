/* fingerprint: a hash over fields, in the order of their names: |name|value|name|value|. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "codec/unescape.h"
#include "codec/xxh64.h"
#include "pipe/list.h"
#include "pipe/processor.h"

#define SOURCE_MAX_BYTES ((size_t)1024 * 1024)
#define DIGEST_MAX       SHA512_DIGEST_LENGTH

static const char *const methods[] = {
    "sha256", "md5", "sha1", "sha384", "sha512", "xxhash", NULL
};
enum method { SHA_256, MD_5, SHA_1, SHA_384, SHA_512, XX_64 };
static const char *const encodings[] = { "hex", "base32", "base64", NULL };
enum encoding { HEX, BASE32, BASE64 };

struct fingerprint {
    struct texts fields;
    int method, encoding;
    const char *target;
    bool ignore_missing;
    struct ref *refs;
    struct ref to;
};

/* clang-format off */
static const struct option options[] = {
    OPT(fingerprint, fields,         TEXTS, "fields",         NULL,          0, 0, OPT_REQUIRED, "Fields that the hash is of."),
    OPT_NAMES(fingerprint, method,          "method",         "sha256",      methods,   0,       "The hash."),
    OPT_NAMES(fingerprint, encoding,        "encoding",       "hex",         encodings, 0,       "How it is written."),
    OPT(fingerprint, target,         TEXT,  "target_field",   "fingerprint", 0, 0, 0,            "Where it goes."),
    OPT(fingerprint, ignore_missing, BOOL,  "ignore_missing", "false",       0, 0, 0,            "Leave out fields that are not there; else nothing is computed."),
    { 0 }
};
/* clang-format on */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ref *)a)->name, ((const struct ref *)b)->name);
}

static err prepare(void *conf, const struct loading *l)
{
    struct fingerprint *c = conf;
    c->to = ref_for_writing(c->target);
    c->refs = refs_load(&c->fields, l);
    if (c->refs)
        qsort(c->refs, c->fields.n, sizeof *c->refs, by_name);
    return c->refs ? ERR_OK : ERR_LIMIT;
}

/* False: no scalar. */
static bool put_value(struct buf *out, const struct value *v)
{
    char room[VALUE_ROOM];
    if (list_is(v) || v->type == VT_OBJECT)
        return false;
    if (v->type == VT_BOOL)
        buf_cstr(out, v->i ? "true" : "false");
    else if (v->type == VT_TIME)
        buf_time(out, v->i, TIME_NANO);
    else
        buf_add(out, ref_text(v, room));
    return true;
}

static bool put_source(struct fingerprint *c, const struct event *e, struct buf *out)
{
    for (unsigned i = 0; i < c->fields.n; i++) {
        struct value v;
        if (!ref_get(&c->refs[i], e, &v)) {
            if (c->ignore_missing)
                continue;
            return false;
        }
        buf_u8(out, '|');
        buf_cstr(out, c->refs[i].name);
        buf_u8(out, '|');
        if (!put_value(out, &v))
            return false;
    }
    buf_u8(out, '|');
    return true;
}

/* The source in the event's memory, found by doubling the room. NULL p: it cannot be had. */
static struct slice source_of(struct fingerprint *c, struct event *e)
{
    for (size_t cap = 1024; cap <= SOURCE_MAX_BYTES; cap *= 4) {
        struct buf out = buf_of(arena_alloc(e->mem, cap), cap);
        if (!out.p || !put_source(c, e, &out))
            break;
        if (!out.full)
            return buf_slice(&out);
    }
    return slice_of(NULL, 0);
}

/* The contexts stand on the stack: EVP's would be allocated. Returns the digest's length. */
static size_t digest(enum method method, struct slice s, uint8_t out[DIGEST_MAX])
{
    uint64_t xx;
    switch (method) {
    case MD_5: {
        MD5_CTX c;
        MD5_Init(&c);
        MD5_Update(&c, s.p, s.n);
        MD5_Final(out, &c);
        return MD5_DIGEST_LENGTH;
    }
    case SHA_1: {
        SHA_CTX c;
        SHA1_Init(&c);
        SHA1_Update(&c, s.p, s.n);
        SHA1_Final(out, &c);
        return SHA_DIGEST_LENGTH;
    }
    case SHA_256: {
        SHA256_CTX c;
        SHA256_Init(&c);
        SHA256_Update(&c, s.p, s.n);
        SHA256_Final(out, &c);
        return SHA256_DIGEST_LENGTH;
    }
    case SHA_384:
    case SHA_512: {
        SHA512_CTX c;
        if (method == SHA_384)
            SHA384_Init(&c);
        else
            SHA512_Init(&c);
        SHA512_Update(&c, s.p, s.n);
        SHA512_Final(out, &c);
        return method == SHA_384 ? SHA384_DIGEST_LENGTH : SHA512_DIGEST_LENGTH;
    }
    case XX_64:
        xx = __builtin_bswap64(xxh64(s, 0));
        memcpy(out, &xx, sizeof xx);
        return sizeof xx;
    }
    return 0;
}

static enum step run(void *conf, struct event *e)
{
    struct fingerprint *c = conf;
    uint8_t raw[DIGEST_MAX];
    struct slice source = source_of(c, e);
    struct buf text = buf_of(arena_alloc(e->mem, 2 * DIGEST_MAX), 2 * DIGEST_MAX);
    if (!source.p || !text.p)
        return STEP_FAILED;
    struct slice hash = slice_of(raw, digest((enum method)c->method, source, raw));
    if (c->encoding == HEX)
        buf_hex(&text, hash, false);
    else if (c->encoding == BASE32)
        escape_base32(&text, hash);
    else
        buf_base64(&text, hash, true);
    return ref_set_str(&c->to, e, buf_slice(&text)) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_fingerprint = {
    .name = "fingerprint",
    .doc = "Computes a hash over fields.",
    .options = options,
    .conf_size = sizeof(struct fingerprint),
    .prepare = prepare,
    .run = run,
};
