/* Frames of the journal: their headers, and finding the next one behind damage. */
#include "store/journal_frame.h"

#include <isa-l/crc.h>

#include "base/cursor.h"

#define MAGIC 0x314a4c57u /* "WLJ1" */

uint32_t journal_crc(struct slice s)
{
    return crc32_gzip_refl(0, s.p, s.n);
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

void journal_frame_put(uint8_t out[JOURNAL_HEADER], const struct journal_frame *f)
{
    put_u32(out, MAGIC);
    put_u32(out + 4, (uint32_t)f->first);
    put_u32(out + 8, (uint32_t)(f->first >> 32));
    put_u32(out + 12, f->n);
    put_u32(out + 16, f->packed);
    put_u32(out + 20, f->raw);
    put_u32(out + 24, f->crc);
    put_u32(out + 28, journal_crc(slice_of(out, JOURNAL_HEADER - 4)));
}

bool journal_frame_get(struct slice s, struct journal_frame *f)
{
    struct cursor c = cur_of(s);
    uint32_t magic = cur_u32le(&c);
    *f = (struct journal_frame){ .first = cur_u64le(&c) };
    f->n = cur_u32le(&c);
    f->packed = cur_u32le(&c);
    f->raw = cur_u32le(&c);
    f->crc = cur_u32le(&c);
    uint32_t crc = cur_u32le(&c);
    return cur_ok(&c) && magic == MAGIC && crc == journal_crc(slice_first(s, JOURNAL_HEADER - 4)) &&
           f->n && f->first && f->first <= JOURNAL_NUMBER_MAX && f->raw <= JOURNAL_FRAME_MAX;
}

static bool whole_at(struct slice rest, struct journal_frame *f, struct slice *packed)
{
    if (!journal_frame_get(rest, f))
        return false;
    *packed = slice_first(slice_after(rest, JOURNAL_HEADER), f->packed);
    return packed->n == f->packed && journal_crc(*packed) == f->crc;
}

enum journal_step journal_frame_next(struct slice segment, size_t *at, struct journal_frame *f,
                                     struct slice *packed)
{
    static const uint8_t magic[] = { 'W', 'L', 'J', '1' };
    struct slice rest = slice_after(segment, *at);
    if (whole_at(rest, f, packed)) {
        *at += JOURNAL_HEADER + f->packed;
        return STEP_FRAME;
    }
    for (size_t i = 1; i < rest.n;) {
        ptrdiff_t found = slice_search(slice_after(rest, i), slice_of(magic, sizeof magic));
        if (found < 0)
            break;
        i += (size_t)found;
        if (whole_at(slice_after(rest, i), f, packed)) {
            *at += i;
            return STEP_DAMAGED;
        }
        i++;
    }
    return STEP_TAIL;
}
