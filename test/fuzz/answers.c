/* Fuzz target: what the Logstash output reads from others: acknowledgements of a receiver, or (bit
 * 7 of the first byte) the answers of a SOCKS 5 proxy; the low bits choose in which pieces they
 * arrive. The same bytes in other pieces mean the same; what is sent fits its buffer; a connection
 * is the caller's only after a proxy granted it. */
#include <stdlib.h>
#include <string.h>

#include "codec/lumberjack.h"
#include "out/socks5.h"

#define OUT_BYTES 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

/* What a conversation came to. */
struct outcome {
    size_t taken;        /* bytes of the other side that were used */
    uint64_t sum, count; /* over the acknowledgements */
    bool bad;
    enum socks5_step step;
    uint8_t sent[OUT_BYTES];
    size_t sent_n;
};

/* Reads what is there; false when the conversation is over. */
typedef bool reader(void *ctx, struct cursor *c, struct outcome *o);

static bool read_acks(void *ctx, struct cursor *c, struct outcome *o)
{
    uint32_t sequence;
    (void)ctx;
    while (lumberjack_take_ack(c, &sequence, &o->bad)) {
        require(!o->bad);
        o->sum = o->sum * 31 + sequence;
        o->count++;
    }
    require(o->bad || cur_left(c) < LUMBERJACK_ACK_BYTES);
    return !o->bad;
}

static bool read_proxy(void *ctx, struct cursor *c, struct outcome *o)
{
    struct socks5 *s = ctx;
    struct why w = { 0 };
    for (size_t before = cur_left(c) + 1; cur_left(c) < before && s->step != SOCKS5_DONE;) {
        struct buf out = buf_of(o->sent + o->sent_n, sizeof o->sent - o->sent_n);
        before = cur_left(c);
        o->bad = socks5_read(s, c, &out, &w) != ERR_OK;
        require(!out.full && o->bad == (w.text[0] != '\0'));
        o->sent_n += out.n;
        o->step = s->step;
        if (o->bad)
            return false;
    }
    return s->step != SOCKS5_DONE;
}

/* Gives the bytes in pieces of `step`, each time in memory that ends with them. */
static void converse(struct slice bytes, size_t step, reader *read, void *ctx, struct outcome *o)
{
    bool open = true;
    for (size_t there = 0; open && there < bytes.n;) {
        there = there + step < bytes.n ? there + step : bytes.n;
        size_t n = there - o->taken;
        uint8_t *exact = malloc(n);
        memcpy(exact, bytes.p + o->taken, n);
        struct cursor c = cur_of(slice_of(exact, n));
        open = read(ctx, &c, o);
        o->taken = there - cur_left(&c);
        free(exact);
    }
}

static bool is_equal(const struct outcome *a, const struct outcome *b)
{
    return a->taken == b->taken && a->sum == b->sum && a->count == b->count && a->bad == b->bad &&
           a->step == b->step && a->sent_n == b->sent_n && !memcmp(a->sent, b->sent, a->sent_n);
}

static void proxy(struct slice bytes, size_t step, struct outcome *o)
{
    static const struct socks5_conf conf = { "proxy", "1080", "user", "secret" };
    struct socks5 s = { .conf = &conf, .host = bytes.n & 1 ? "192.0.2.1" : "a.example" };
    struct buf out = buf_of(o->sent, sizeof o->sent);
    s.port = "5044";
    socks5_begin(&s, &out);
    o->sent_n = out.n;
    converse(bytes, step, read_proxy, &s, o);
    require(o->step != SOCKS5_DONE || (bytes.n >= 2 + 4 && bytes.p[0] == 5));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct outcome whole, pieces;
    if (n < 1)
        return 0;
    size_t step = (data[0] & 0x7f) + 1u;
    struct slice bytes = slice_of(data + 1, n - 1);
    whole = pieces = (struct outcome){ 0 };
    if (data[0] & 0x80) {
        proxy(bytes, n, &whole);
        proxy(bytes, step, &pieces);
    } else {
        converse(bytes, n, read_acks, NULL, &whole);
        converse(bytes, step, read_acks, NULL, &pieces);
    }
    require(is_equal(&whole, &pieces));
    return 0;
}
