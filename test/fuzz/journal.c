/* Fuzz target: the files of a journal as a crash or a bad disk left them. Pieces of the input are
 * bytes as they stand, frames with right checksums, the begin of another segment or a consumer's
 * file. Whatever opens takes a record, which is there with its number after closing and opening;
 * numbers that are read rise, and stay below those that are given next.
 *
 * Input: pieces of kind (1 byte), length (1 byte) and bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/log.h"
#include "os/file.h"
#include "store/journal_private.h"

#define SEGMENT_MAX ((size_t)1 << 20)
#define CONSUMER    "c"

enum piece { RAW, FRAME, PACKED_FRAME, SEGMENT, OFFSET, PIECES };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char folder[64];
static struct why why;
static uint8_t segment[SEGMENT_MAX];

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static void quiet(void *ctx, enum log_level level, const char *area, const char *text)
{
    (void)ctx, (void)level, (void)area, (void)text;
}

static void clean(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    require(system(command) == 0);
}

static void start(void)
{
    const char *shm = "/dev/shm";
    snprintf(folder, sizeof folder, "%s/fuzz-journal.XXXXXX", access(shm, W_OK) ? "/tmp" : shm);
    require(mkdtemp(folder) != NULL);
    log_set_sink(quiet, NULL);
    atexit(clean);
}

static void empty(void)
{
    uint64_t *list;
    unsigned n;
    char path[JOURNAL_PATH];
    require(!journal_list(folder, &list, &n, &why));
    for (unsigned i = 0; i < n; i++)
        require(journal_path(folder, list[i], path) && !unlink(path));
    free(list);
    snprintf(path, sizeof path, "%s/" CONSUMER ".offset", folder);
    unlink(path);
}

/* number 1, records 2, lengths as they are told or (packed) right ones, then what is packed */
static void put_frame(struct buf *b, struct slice s, bool right)
{
    uint8_t head[JOURNAL_HEADER], packed[1024];
    struct cursor c = cur_of(s);
    struct journal_frame f = { .first = cur_u8(&c) };
    f.n = cur_u16le(&c);
    if (f.first == 255)
        f.first = UINT64_MAX - 2;
    struct slice payload = cur_rest(&c);
    size_t n = right ? ZSTD_compress(packed, sizeof packed, payload.p, payload.n, 1) : payload.n;
    require(!ZSTD_isError(n));
    f.raw = right ? (uint32_t)payload.n : f.n * 4;
    f.packed = (uint32_t)n;
    f.crc = journal_crc(slice_of(right ? packed : payload.p, n));
    journal_frame_put(head, &f);
    buf_put(b, head, sizeof head);
    buf_put(b, right ? packed : payload.p, n);
}

static void end_segment(struct buf *b, uint64_t first)
{
    char path[JOURNAL_PATH];
    require(journal_path(folder, first, path));
    require(b->full || !file_replace(path, buf_slice(b), 0600, &why));
    b->n = 0;
}

static void put_offset(struct slice s)
{
    char path[JOURNAL_PATH];
    snprintf(path, sizeof path, "%s/" CONSUMER ".offset", folder);
    require(!file_replace(path, s, 0600, &why));
}

static void make_files(struct cursor c)
{
    struct buf b = buf_of(segment, sizeof segment);
    uint64_t first = 1;
    while (cur_left(&c)) {
        enum piece kind = cur_u8(&c) % PIECES;
        size_t length = cur_u8(&c), left = cur_left(&c);
        struct slice s = cur_bytes(&c, length < left ? length : left);
        if (kind == RAW)
            buf_add(&b, s);
        else if (kind == FRAME || kind == PACKED_FRAME)
            put_frame(&b, s, kind == PACKED_FRAME);
        else if (kind == OFFSET)
            put_offset(s);
        else if (s.n && s.p[0] > first) {
            end_segment(&b, first);
            first = s.p[0];
        }
    }
    end_segment(&b, first);
}

/* Reads all there is; the last number. */
static uint64_t read_all(struct journal *j, struct slice want, bool *seen)
{
    struct journal_reader *r;
    struct slice record;
    uint64_t seq, last = 0;
    err rc;
    require(!journal_reader_open(&r, j, 0, &why));
    for (unsigned failures = 0; failures < 64;) {
        if (!journal_read(r, &seq, &record, &rc, &why)) {
            if (!rc)
                break;
            failures++;
            continue;
        }
        require(seq > last && seq < journal_next(j));
        last = seq;
        *seen = slice_eq(record, want);
    }
    journal_reader_close(r);
    return last;
}

static struct journal *open_it(struct journal_found *found)
{
    const struct journal_conf conf = { .folder = folder, .segment_bytes = 4096 };
    struct journal *j;
    return journal_open(&j, &conf, found, &why) ? NULL : j;
}

static void use(void)
{
    static const struct slice record = { (const uint8_t *)"what is new", 11 };
    struct journal_found found;
    uint64_t seq, passed;
    bool seen = false;
    struct journal *j = open_it(&found);
    if (!j)
        return;
    read_all(j, record, &seen);
    if (journal_consumer(j, CONSUMER, &passed, &why) || journal_append(j, record, &seq, &why) ||
        journal_sync(j, &why)) {
        journal_close(j);
        return;
    }
    require(seq > passed);
    journal_close(j);
    j = open_it(&found);
    require(j != NULL && !found.cut_bytes && journal_durable(j) == seq);
    require(read_all(j, record, &seen) == seq && seen);
    require(!journal_passed(j, CONSUMER, seq, &why));
    journal_close(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!folder[0])
        start();
    empty();
    make_files(cur_of(slice_of(data, n)));
    use();
    return 0;
}
