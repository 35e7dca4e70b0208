/* Records of the journal: version 1, number of targets 1, time 8, then a length 2 and a name for
 * each target, then the text. Numbers are little endian. */
#include "store/store_record.h"

#include "base/bug.h"

#define VERSION 1

static void put_le(struct buf *b, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_u8(b, (uint8_t)(v >> 8 * i));
}

void record_put_head(struct buf *b, unsigned targets, int64_t ts_ms)
{
    BUG_ON(targets > RECORD_TARGETS_MAX);
    buf_u8(b, VERSION);
    buf_u8(b, (uint8_t)targets);
    put_le(b, (uint64_t)ts_ms, 8);
}

void record_put_name(struct buf *b, struct slice name)
{
    put_le(b, name.n, 2);
    buf_add(b, name);
}

struct slice record_name(struct record *r)
{
    return cur_bytes(&r->names, cur_u16le(&r->names));
}

bool record_read(struct slice bytes, struct record *r)
{
    struct cursor c = cur_of(bytes);
    if (cur_u8(&c) != VERSION)
        return false;
    r->targets = cur_u8(&c);
    uint64_t low = cur_u32le(&c), high = cur_u32le(&c);
    r->ts_ms = (int64_t)(low | high << 32);
    r->names = c;
    for (unsigned i = 0; i < r->targets; i++)
        cur_skip(&c, cur_u16le(&c));
    r->text = cur_bytes(&c, cur_left(&c));
    return cur_ok(&c);
}
