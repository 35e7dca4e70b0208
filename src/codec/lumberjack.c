/* Lumberjack: frames are parsed where they lie; C frames are inflated and checked as a whole. */
#include "codec/lumberjack.h"

#include "codec/jsondoc.h"

#define MIB ((size_t)1 << 20)

/* The content of a C frame inside a C frame. */
struct lumberjack_nest {
    struct lumberjack_nest *next;
    struct slice content;
};

struct frame {
    uint8_t version, type;
    uint32_t number;   /* W: events; J, D: sequence */
    uint32_t pairs;    /* D */
    struct slice body; /* J: the document; C: packed bytes; D: its pairs */
};

enum opened { OPENED, OPEN_FAULT, OPEN_BUSY };

const char *lumberjack_fault_text(enum lumberjack_fault f)
{
    static const char *const texts[] = {
#define LUMBERJACK_TEXT(id, text) [LUMBERJACK_##id] = (text),
        LUMBERJACK_FAULTS(LUMBERJACK_TEXT)
#undef LUMBERJACK_TEXT
    };
    return f < LUMBERJACK_FAULT_COUNT ? texts[f] : "unknown";
}

void lumberjack_limits_default(struct lumberjack_limits *l)
{
    l->window = l->window ? l->window : 65536;
    l->frame_bytes = l->frame_bytes ? l->frame_bytes : 16 * (uint32_t)MIB;
    l->packed_bytes = l->packed_bytes ? l->packed_bytes : 32 * (uint32_t)MIB;
    l->pairs = l->pairs ? l->pairs : 1024;
    l->item_bytes = l->item_bytes ? l->item_bytes : (uint32_t)MIB;
    l->inflated_bytes = l->inflated_bytes ? l->inflated_bytes : 64 * MIB;
    l->ratio = l->ratio ? l->ratio : 256;
}

void lumberjack_init(struct lumberjack *l, const struct lumberjack_limits *limits,
                     struct inflater *inflater, struct chunk_pool *pool)
{
    *l = (struct lumberjack){ .limits = limits, .inflater = inflater, .version = '2', .guess = 8 };
    l->nest_end = &l->nest;
    arena_init(&l->mem, pool, 0);
    arena_init(&l->text, pool, 0);
}

void lumberjack_free(struct lumberjack *l)
{
    arena_free(&l->mem);
    arena_free(&l->text);
    l->depth = 0;
}

/* A length of the wire and the bytes it announces. False: more than `max` (*fault), or the bytes
 * are not all there (*need from the frame's start). */
static bool take(struct cursor *c, struct slice in, uint32_t max, struct slice *out, size_t *need)
{
    uint32_t length = cur_u32be(c);
    if (!cur_ok(c))
        return false;
    size_t at = in.n - cur_left(c);
    *need = at + length;
    if (length > max) {
        *need = 0;
        return false;
    }
    *out = cur_bytes(c, length);
    return cur_ok(c);
}

/* The pairs of a D frame; the number of them has been read. */
static enum lumberjack_fault parse_pairs(const struct lumberjack_limits *limits, struct cursor *c,
                                         struct slice in, struct frame *f, size_t *need)
{
    struct slice item;
    size_t start = in.n - cur_left(c);
    for (uint32_t i = 0; i < 2 * f->pairs; i++) {
        *need = in.n - cur_left(c) + 4;
        if (*need > limits->frame_bytes)
            return LUMBERJACK_LENGTH;
        bool whole = take(c, in, limits->item_bytes, &item, need);
        if (!whole && !*need)
            return LUMBERJACK_ITEM;
        if (*need > limits->frame_bytes)
            return LUMBERJACK_LENGTH;
        if (!whole)
            return LUMBERJACK_NONE;
    }
    f->body = slice_of(in.p + start, in.n - cur_left(c) - start);
    *need = 0;
    return LUMBERJACK_NONE;
}

/* What stands behind version and type. */
static enum lumberjack_fault parse_rest(const struct lumberjack_limits *limits, struct cursor *c,
                                        struct slice in, struct frame *f, size_t *need)
{
    *need = f->type == 'J' || f->type == 'D' ? LUMBERJACK_HEAD_BYTES : LUMBERJACK_ACK_BYTES;
    if (in.n < *need)
        return LUMBERJACK_NONE;
    if (f->type != 'C')
        f->number = cur_u32be(c);
    switch (f->type) {
    case 'W':
        *need = 0;
        return f->number > limits->window ? LUMBERJACK_WINDOW : LUMBERJACK_NONE;
    case 'D':
        f->pairs = cur_u32be(c);
        if (f->pairs > limits->pairs)
            return LUMBERJACK_PAIRS;
        return parse_pairs(limits, c, in, f, need);
    default:
        if (take(c, in, f->type == 'J' ? limits->frame_bytes : limits->packed_bytes, &f->body,
                 need))
            *need = 0;
        else if (!*need)
            return LUMBERJACK_LENGTH;
        return LUMBERJACK_NONE;
    }
}

/* The frame at c, which is moved behind it. When it is not whole, *need says how many bytes are
 * wanted from c on and nothing moves. */
static enum lumberjack_fault parse(const struct lumberjack_limits *limits, struct cursor *c,
                                   struct frame *f, size_t *need)
{
    struct cursor at = *c;
    struct slice in = cur_rest(c);
    *f = (struct frame){ 0 };
    *need = 2;
    if (in.n < 1)
        return LUMBERJACK_NONE;
    f->version = cur_u8(&at);
    if (f->version != '1' && f->version != '2')
        return LUMBERJACK_VERSION;
    if (in.n < 2)
        return LUMBERJACK_NONE;
    f->type = cur_u8(&at);
    if (f->type != 'W' && f->type != 'D' && f->type != 'J' && f->type != 'C')
        return LUMBERJACK_TYPE;
    enum lumberjack_fault fault = parse_rest(limits, &at, in, f, need);
    if (fault == LUMBERJACK_NONE && !*need)
        *c = at;
    return fault;
}

static enum opened open_fault(struct lumberjack *l, enum lumberjack_fault fault)
{
    l->fault = fault;
    return OPEN_FAULT;
}

static enum opened unpack(struct lumberjack *l, struct slice packed, struct slice *content)
{
    size_t left = l->inflated_max - l->inflated_bytes;
    struct unpacking how = { .mem = &l->mem, .max = left, .guess = packed.n * l->guess + 4096 };
    how.guess = how.guess > left ? left : how.guess;
    switch (deflate_unpack(l->inflater, DEFLATE_ZLIB, packed, &how, content)) {
    case DEFLATE_DONE:
        l->inflated_bytes += content->n;
        return OPENED;
    case DEFLATE_TOO_LARGE:
        return open_fault(l, LUMBERJACK_INFLATED);
    case DEFLATE_NO_MEMORY:
        return OPEN_BUSY;
    default:
        return open_fault(l, LUMBERJACK_DEFLATE);
    }
}

/* Unpacks a C frame inside a C frame and remembers its content. */
static enum opened unpack_nested(struct lumberjack *l, struct slice packed, unsigned depth,
                                 struct slice *content)
{
    if (depth + 1 >= LUMBERJACK_DEPTH_MAX)
        return open_fault(l, LUMBERJACK_DEPTH);
    enum opened opened = unpack(l, packed, content);
    struct lumberjack_nest *n = opened == OPENED ? arena_alloc(&l->mem, sizeof *n) : NULL;
    if (opened != OPENED)
        return opened;
    if (!n)
        return OPEN_BUSY;
    *n = (struct lumberjack_nest){ .content = *content };
    *l->nest_end = n;
    l->nest_end = &n->next;
    return OPENED;
}

/* Walks through all frames of a C frame's content, and what is inside those. */
static enum opened check(struct lumberjack *l, struct slice content, unsigned depth)
{
    struct cursor c = cur_of(content);
    while (cur_left(&c)) {
        struct frame f;
        size_t need;
        enum lumberjack_fault fault = parse(l->limits, &c, &f, &need);
        if (fault == LUMBERJACK_NONE && need)
            fault = LUMBERJACK_CUT;
        if (fault != LUMBERJACK_NONE)
            return open_fault(l, fault);
        if (f.type != 'C')
            continue;
        struct slice inner;
        enum opened opened = unpack_nested(l, f.body, depth, &inner);
        if (opened == OPENED)
            opened = check(l, inner, depth + 1);
        if (opened != OPENED)
            return opened;
    }
    return OPENED;
}

static void drop_inflated(struct lumberjack *l)
{
    arena_free(&l->mem);
    l->nest = NULL;
    l->nest_end = &l->nest;
    l->depth = 0;
}

static enum opened open_outer(struct lumberjack *l, struct slice packed)
{
    struct slice content;
    size_t by_ratio = packed.n * l->limits->ratio;
    l->inflated_bytes = 0;
    l->inflated_max = by_ratio < MIB ? MIB : by_ratio;
    if (l->inflated_max > l->limits->inflated_bytes)
        l->inflated_max = l->limits->inflated_bytes;
    enum opened opened = unpack(l, packed, &content);
    if (opened == OPENED)
        opened = check(l, content, 0);
    if (opened != OPENED) {
        drop_inflated(l);
        return opened;
    }
    l->guess = (unsigned)(content.n / (packed.n ? packed.n : 1)) + 2;
    l->open[0] = cur_of(content);
    l->depth = 1;
    return OPENED;
}

/* Enters the next C frame inside a C frame; check() has seen it. */
static void open_inner(struct lumberjack *l)
{
    l->open[l->depth++] = cur_of(l->nest->content);
    l->nest = l->nest->next;
}

/* Bytes of a text in JSON form, at most. */
static size_t json_bound(struct slice s)
{
    size_t n = 3;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] >= ' ' && s.p[i] < 0x80 && s.p[i] != '"' && s.p[i] != '\\' ? 1 : 6;
    return n;
}

static struct slice next_item(struct cursor *c)
{
    uint32_t length = cur_u32be(c);
    return cur_bytes(c, length);
}

/* A D frame as an object of texts, in order, equal names twice. Empty: no memory. */
static struct slice pairs_as_json(struct lumberjack *l, const struct frame *f)
{
    size_t bound = 2;
    struct cursor c = cur_of(f->body);
    while (cur_left(&c))
        bound += json_bound(next_item(&c));
    uint8_t *p = arena_alloc(&l->text, bound);
    struct buf b = buf_of(p, p ? bound : 0);
    c = cur_of(f->body);
    buf_u8(&b, '{');
    for (uint32_t i = 0; i < f->pairs; i++) {
        if (i)
            buf_u8(&b, ',');
        jsondoc_string(&b, next_item(&c), true);
        buf_u8(&b, ':');
        jsondoc_string(&b, next_item(&c), true);
    }
    buf_u8(&b, '}');
    return b.full ? slice_of(NULL, 0) : buf_slice(&b);
}

static enum lumberjack_what bad(struct lumberjack *l, struct lumberjack_item *item)
{
    lumberjack_free(l);
    item->fault = l->fault;
    return LUMBERJACK_BAD;
}

/* What a whole frame is for the caller; LUMBERJACK_MORE: nothing, go on. */
static enum lumberjack_what deliver(struct lumberjack *l, const struct frame *f,
                                    struct lumberjack_item *item)
{
    l->version = f->version;
    if (f->type == 'W')
        l->window = f->number;
    item->version = l->version;
    item->window = l->window;
    item->sequence = f->number;
    if (f->type == 'W')
        return LUMBERJACK_ANNOUNCED;
    item->payload = f->body;
    if (f->type == 'D') {
        item->payload = pairs_as_json(l, f);
        if (!item->payload.n)
            return LUMBERJACK_BUSY;
    }
    return LUMBERJACK_PAYLOAD;
}

/* The next item from inside a C frame; LUMBERJACK_MORE when it is used up. */
static enum lumberjack_what next_inside(struct lumberjack *l, struct lumberjack_item *item)
{
    while (l->depth) {
        struct cursor *c = &l->open[l->depth - 1], before = *c;
        struct frame f;
        size_t need;
        if (!cur_left(c)) {
            l->depth--;
            continue;
        }
        (void)parse(l->limits, c, &f, &need);
        if (f.type == 'C') {
            open_inner(l);
            continue;
        }
        enum lumberjack_what what = deliver(l, &f, item);
        if (what == LUMBERJACK_BUSY)
            *c = before;
        return what;
    }
    drop_inflated(l);
    return LUMBERJACK_MORE;
}

enum lumberjack_what lumberjack_next(struct lumberjack *l, struct cursor *c,
                                     struct lumberjack_item *item)
{
    *item = (struct lumberjack_item){ .version = l->version, .window = l->window };
    if (l->fault != LUMBERJACK_NONE)
        return bad(l, item);
    arena_free(&l->text);
    for (;;) {
        enum lumberjack_what what = l->depth ? next_inside(l, item) : LUMBERJACK_MORE;
        if (what != LUMBERJACK_MORE)
            return what;
        struct frame f;
        struct cursor before = *c;
        l->fault = parse(l->limits, c, &f, &item->need);
        if (l->fault != LUMBERJACK_NONE)
            return bad(l, item);
        if (item->need)
            return LUMBERJACK_MORE;
        enum opened opened = OPENED;
        if (f.type != 'C')
            what = deliver(l, &f, item);
        else
            opened = open_outer(l, f.body);
        if (opened == OPEN_FAULT)
            return bad(l, item);
        if (opened == OPEN_BUSY || what == LUMBERJACK_BUSY) {
            *c = before;
            return LUMBERJACK_BUSY;
        }
        if (what != LUMBERJACK_MORE)
            return what;
    }
}

bool lumberjack_is_inside(const struct lumberjack *l)
{
    return l->depth > 0;
}

static void put_u32(struct buf *out, uint32_t v)
{
    uint8_t bytes[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
    buf_put(out, bytes, sizeof bytes);
}

static void put_head(struct buf *out, uint8_t version, uint8_t type, uint32_t number)
{
    buf_u8(out, version);
    buf_u8(out, type);
    put_u32(out, number);
}

void lumberjack_put_window(struct buf *out, uint32_t count)
{
    put_head(out, '2', 'W', count);
}

void lumberjack_put_json(struct buf *out, uint32_t sequence, struct slice json)
{
    put_head(out, '2', 'J', sequence);
    put_u32(out, (uint32_t)json.n);
    buf_add(out, json);
}

bool lumberjack_put_compressed(struct buf *out, struct slice frames, struct deflater *d)
{
    size_t start = out->n;
    put_head(out, '2', 'C', 0);
    size_t content = out->n;
    if (out->full || !deflate_pack(d, frames, out)) {
        out->n = start;
        return false;
    }
    size_t end = out->n;
    out->n = start;
    put_head(out, '2', 'C', (uint32_t)(end - content));
    out->n = end;
    return true;
}

void lumberjack_put_ack(struct buf *out, uint8_t version, uint32_t sequence)
{
    put_head(out, version, 'A', sequence);
}

bool lumberjack_take_ack(struct cursor *c, uint32_t *sequence, bool *bad_bytes)
{
    struct cursor at = *c;
    *bad_bytes = false;
    if (!cur_left(&at))
        return false;
    uint8_t version = cur_u8(&at);
    uint8_t type = cur_left(&at) ? cur_u8(&at) : 'A';
    *bad_bytes = (version != '1' && version != '2') || type != 'A';
    if (*bad_bytes)
        return false;
    *sequence = cur_u32be(&at);
    if (!cur_ok(&at))
        return false;
    *c = at;
    return true;
}
