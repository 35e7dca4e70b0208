/* Domain names on the wire: labels and compression pointers (RFC 1035 sections 3.1, 4.1.4). */
#include "proto/lib/dnsname.h"

/* One walk follows no more pointers than a name of 255 octets can have labels. */
#define POINTERS_MAX 126

/* Walks the labels of a name wherever pointers lead; `at` is where the next one is read. */
struct walk {
    struct slice msg;
    struct cursor at;
    size_t octets; /* of the expanded name so far, the root's included */
    unsigned pointers;
};

static struct walk walk_from(struct slice msg, const struct cursor *c)
{
    struct walk w = { msg, *c, 1, 0 };
    return w;
}

/* Goes where a pointer leads: 14 bits, the upper six in `high`. The first pointer ends the name in
 * the message, so the caller's cursor stands behind it. */
static void walk_jump(struct walk *w, struct cursor *c, uint8_t high)
{
    size_t to = (size_t)((high & 0x3f) << 8 | cur_u8(&w->at));
    if (w->pointers++ == 0)
        *c = w->at;
    bool bad = w->at.bad || w->pointers > POINTERS_MAX || to >= w->msg.n;
    w->at = cur_of(slice_after(w->msg, to));
    w->at.bad = bad;
}

/* The next label; the empty slice at the root, or when the name is malformed (w->at is bad). */
static inline struct slice walk_next(struct walk *w, struct cursor *c)
{
    while (cur_ok(&w->at)) {
        uint8_t head = cur_u8(&w->at);
        if (head < 0x40) {
            struct slice label = cur_bytes(&w->at, head);
            w->octets += label.n ? label.n + 1 : 0;
            if (w->octets > DNSNAME_WIRE_MAX)
                w->at.bad = true;
            return label;
        }
        if (head < 0xc0)
            w->at.bad = true; /* extended label types are obsolete (RFC 6891 section 5) */
        else
            walk_jump(w, c, head);
    }
    return (struct slice){ NULL, 0 };
}

/* Leaves the caller's cursor behind the name, or bad. */
static void walk_end(const struct walk *w, struct cursor *c)
{
    if (w->pointers == 0)
        *c = w->at;
    c->bad = w->at.bad;
}

/* Labels are passed without being looked at. */
static void skip_labels(struct walk *w)
{
    while (cur_left(&w->at) && *w->at.p > 0 && *w->at.p < 0x40 && w->octets <= DNSNAME_WIRE_MAX) {
        w->octets += *w->at.p + 1u;
        cur_skip(&w->at, *w->at.p + 1u);
    }
    if (w->octets > DNSNAME_WIRE_MAX)
        w->at.bad = true;
}

void dnsname_skip(struct slice msg, struct cursor *c)
{
    struct walk w = walk_from(msg, c);
    for (;;) {
        skip_labels(&w);
        uint8_t head = cur_u8(&w.at);
        if (head == 0) /* the root, or bad */
            break;
        if (head < 0xc0)
            w.at.bad = true; /* as in walk_next */
        else
            walk_jump(&w, c, head);
    }
    walk_end(&w, c);
}

enum { PLAIN, BACKSLASH, DECIMAL };

/* clang-format off */
static const uint8_t text_class[256] = {
    [0 ... 0x1f] = DECIMAL, [0x7f ... 0xff] = DECIMAL,
    [' '] = BACKSLASH, ['"'] = BACKSLASH, ['\''] = BACKSLASH, ['('] = BACKSLASH, [')'] = BACKSLASH,
    ['.'] = BACKSLASH, [';'] = BACKSLASH, ['@'] = BACKSLASH, ['\\'] = BACKSLASH,
};
/* clang-format on */

static void put_special(struct buf *out, uint8_t b, unsigned class)
{
    buf_u8(out, '\\');
    if (class == DECIMAL)
        buf_dec_pad(out, b, 3);
    else
        buf_u8(out, b);
}

/* Nearly all labels are plain: they are copied while they are looked at. */
static bool put_plain(struct slice label, struct buf *out)
{
    uint8_t *to = buf_room(out, label.n + 1);
    unsigned special = 0;
    if (!to)
        return false;
    for (size_t i = 0; i < label.n; i++) {
        to[i] = label.p[i];
        special |= text_class[label.p[i]];
    }
    to[label.n] = '.';
    out->n += special ? 0 : label.n + 1;
    return !special;
}

static void label_text(struct slice label, struct buf *out)
{
    if (put_plain(label, out))
        return;
    for (size_t i = 0; i < label.n; i++) {
        if (text_class[label.p[i]] == PLAIN)
            buf_u8(out, label.p[i]);
        else
            put_special(out, label.p[i], text_class[label.p[i]]);
    }
    buf_u8(out, '.');
}

void dnsname_text(struct slice msg, struct cursor *c, struct buf *out)
{
    struct walk w = walk_from(msg, c);
    size_t start = out->n;
    struct slice label;
    while ((label = walk_next(&w, c)).n && cur_ok(&w.at))
        label_text(label, out);
    if (out->n == start)
        buf_u8(out, '.');
    walk_end(&w, c);
}

void dnsname_wire(struct slice msg, struct cursor *c, struct buf *out)
{
    struct walk w = walk_from(msg, c);
    struct slice label;
    while ((label = walk_next(&w, c)).n && cur_ok(&w.at)) {
        buf_u8(out, (uint8_t)label.n);
        buf_add(out, label);
    }
    buf_u8(out, 0);
    walk_end(&w, c);
}
