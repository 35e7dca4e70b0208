/* Appends to memory of fixed size; past the end it sets `full` and writes nothing more. */
#pragma once

#include "base/addr.h"
#include "base/slice.h"

/* Memory is the caller's. Test `full` once, at the end. */
struct buf {
    uint8_t *p;
    size_t n, cap;
    bool full;
};

static inline struct buf buf_of(void *p, size_t cap)
{
    return (struct buf){ (uint8_t *)p, 0, cap, false };
}

/* What has been written so far; valid while the memory is and until the next append. */
static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->p, b->n);
}

/* Empties it for new text, also after it was full. */
static inline void buf_reset(struct buf *b)
{
    b->n = 0;
    b->full = false;
}

/* What has been written since b->n was `start`. */
static inline struct slice buf_since(const struct buf *b, size_t start)
{
    return slice_of(b->p + start, b->n - start);
}

/* Room for n bytes to be written at b->p + b->n, or NULL and full. The caller then adds to b->n. */
static inline uint8_t *buf_room(struct buf *b, size_t n)
{
    if (UNLIKELY(b->full || b->cap - b->n < n)) {
        b->full = true;
        return NULL;
    }
    return b->p + b->n;
}

static inline void buf_put(struct buf *b, const void *p, size_t n)
{
    uint8_t *to = buf_room(b, n);
    if (to && n) {
        memcpy(to, p, n);
        b->n += n;
    }
}

static inline void buf_u8(struct buf *b, uint8_t v)
{
    uint8_t *to = buf_room(b, 1);
    if (to) {
        *to = v;
        b->n++;
    }
}

static inline void buf_add(struct buf *b, struct slice s)
{
    buf_put(b, s.p, s.n);
}

/* Appends a string literal. */
#define buf_lit(b, lit) buf_put(b, lit, sizeof(lit) - 1)

void buf_cstr(struct buf *b, const char *s);
void buf_dec(struct buf *b, uint64_t v);                     /* decimal */
void buf_int(struct buf *b, int64_t v);                      /* decimal with sign */
void buf_dec_pad(struct buf *b, uint64_t v, unsigned width); /* decimal, zeroes in front */
void buf_hex(struct buf *b, struct slice s, bool upper);     /* two digits a byte */
void buf_base64(struct buf *b, struct slice s, bool pad);    /* RFC 4648 standard alphabet */
void buf_addr(struct buf *b, const struct addr *a);          /* dotted IPv4 or RFC 5952 */
void buf_mac(struct buf *b, const uint8_t mac[6]);           /* ECS form AA-BB-CC-DD-EE-FF */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2);

enum time_precision { TIME_MILLI, TIME_MICRO, TIME_NANO };

/* ts_ns since 1970 UTC as 2006-01-02T15:04:05.999Z: cut, not rounded; micro and nano print at
 * least three digits and drop trailing groups of zeroes (packetbeat-protocols.md 0.1). */
void buf_time(struct buf *b, int64_t ts_ns, enum time_precision precision);
