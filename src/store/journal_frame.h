/* A frame of the journal: a header with its own checksum, then records packed together.
 *
 *   0 "WLJ1"   4 first number (8)   12 records   16 packed bytes   20 raw bytes
 *   24 CRC of the packed bytes   28 CRC of the 28 bytes before        all little endian
 *
 * Raw: each record as its length (4) and its bytes. Packed: zstd (RFC 8878). CRC-32 (RFC 1952). */
#pragma once

#include "base/slice.h"

#define JOURNAL_HEADER    32
#define JOURNAL_FRAME_MAX ((size_t)64 * 1024 * 1024) /* raw bytes */
/* Of a record; larger ones are damage, so that numbers behind them can still be given. */
#define JOURNAL_NUMBER_MAX (UINT64_MAX / 2)

struct journal_frame {
    uint64_t first;
    uint32_t n, packed, raw, crc;
};

void journal_frame_put(uint8_t out[JOURNAL_HEADER], const struct journal_frame *f);

/* False: no header stands at the start of s (its checksum is wrong, or it is too short). */
bool journal_frame_get(struct slice s, struct journal_frame *f);

uint32_t journal_crc(struct slice s);

enum journal_step {
    STEP_FRAME,   /* a whole frame */
    STEP_DAMAGED, /* bytes that are no frame, and a whole one is behind them */
    STEP_TAIL,    /* no whole frame follows (also when nothing does) */
};

/* The next frame of a segment from *at on; its packed bytes are checked against the CRC. *at is
 * moved behind it (STEP_FRAME), to the next whole one (STEP_DAMAGED), or stays. */
enum journal_step journal_frame_next(struct slice segment, size_t *at, struct journal_frame *f,
                                     struct slice *packed);
