/* Lumberjack's bytes: what Graylog's frame decoder makes of them, read by read. Payloads, answers
 * and the end are compared, each in their order and with the read that caused them; not the order
 * between payloads and answers: there an answer goes out before its events are handed on, here only
 * after they are durable. Answers are those of Graylog's rule (a sequence number equal to the
 * window), so that they show which events the decoder gives. */
#include "lib/vectors.h"

#include "codec/lumberjack.h"
#include "model/message_json.h"

#define BYTES_MAX (1 << 20)

struct trial {
    struct lumberjack reader;
    struct buf payloads, acks; /* JSON lists of [read, text] */
    unsigned read;
    bool open;
};

static void add(struct buf *b, unsigned read, struct slice text)
{
    buf_printf(b, "%s[%u,", b->n > 1 ? "," : "", read);
    message_json_text(b, text);
    buf_u8(b, ']');
}

static void add_hex(struct buf *b, unsigned read, struct slice bytes)
{
    uint8_t text[64];
    struct buf hex = buf_of(text, sizeof text);
    buf_hex(&hex, bytes, false);
    add(b, read, buf_slice(&hex));
}

static void take(struct trial *t, struct cursor *c)
{
    struct lumberjack_item item;
    enum lumberjack_what what;
    while ((what = lumberjack_next(&t->reader, c, &item)) != LUMBERJACK_MORE) {
        if (what == LUMBERJACK_BAD || what == LUMBERJACK_BUSY) {
            t->open = false;
            return;
        }
        if (what == LUMBERJACK_ANNOUNCED)
            continue;
        add(&t->payloads, t->read, item.payload);
        if (item.sequence != item.window)
            continue;
        uint8_t ack[LUMBERJACK_ACK_BYTES];
        struct buf b = buf_of(ack, sizeof ack);
        lumberjack_put_ack(&b, item.version, item.sequence);
        add_hex(&t->acks, t->read, buf_slice(&b));
    }
}

/* The events of one kind that the vector wants, in the form of add(). */
static void wanted(struct vectors_case *c, const char *kind, struct buf *b)
{
    const struct jsondoc_node *events = vectors_get(c, c->out, "events");
    buf_u8(b, '[');
    for (uint32_t i = events->n ? events->child : 0; i; i = c->doc->node[i].next) {
        const struct jsondoc_node *e = &c->doc->node[i];
        if (!vectors_is(vectors_get(c, e, "what"), kind))
            continue;
        struct slice hex = vectors_text(c, e, "hex");
        struct slice text = vectors_text(c, e, "text");
        if (hex.n)
            text = kind[0] == 'a' ? hex : vectors_bytes(c, hex);
        add(b, (unsigned)vectors_get(c, e, "chunk")->i, text);
    }
    buf_u8(b, ']');
}

static bool same_lists(struct vectors_case *c, const char *kind, struct buf *got)
{
    static uint8_t memory[BYTES_MAX];
    struct buf want = buf_of(memory, sizeof memory);
    wanted(c, kind, &want);
    buf_u8(got, ']');
    return slice_eq(buf_slice(&want), buf_slice(got)) ||
           vectors_differ(c, kind, buf_slice(&want), buf_slice(got));
}

static bool one(struct vectors_case *c)
{
    static uint8_t bytes[BYTES_MAX], payloads[BYTES_MAX], acks[BYTES_MAX];
    static struct inflater *inflater;
    struct lumberjack_limits limits = { 0 };
    struct chunk_pool pool = { .max_bytes = (size_t)256 << 20 };
    struct trial t = { .open = true };
    struct buf in = buf_of(bytes, sizeof bytes);
    if (!inflater)
        inflater = inflater_new();
    lumberjack_limits_default(&limits);
    lumberjack_init(&t.reader, &limits, inflater, &pool);
    t.payloads = buf_of(payloads, sizeof payloads);
    t.acks = buf_of(acks, sizeof acks);
    buf_u8(&t.payloads, '[');
    buf_u8(&t.acks, '[');
    const struct jsondoc_node *chunks = vectors_get(c, c->line, "chunks");
    size_t passed = 0;
    for (uint32_t i = chunks->child; i && t.open; i = c->doc->node[i].next, t.read++) {
        buf_add(&in, vectors_bytes(c, jsondoc_str(&c->doc->node[i])));
        struct cursor at = cur_of(slice_after(buf_slice(&in), passed));
        take(&t, &at);
        passed = in.n - (size_t)(at.end - at.p);
    }
    lumberjack_free(&t.reader);
    chunk_pool_free(&pool);
    bool good = same_lists(c, "payload", &t.payloads);
    good = same_lists(c, "ack", &t.acks) && good;
    if (t.open != (bool)vectors_get(c, c->out, "open")->i)
        good = vectors_differ(c, "open", SLICE("the other"),
                              slice_cstr(lumberjack_fault_text(t.reader.fault)));
    return good;
}

int main(void)
{
    return vectors_run("beats-frames.ndjson", one);
}
