/* Fuzz target: documents of Beats, by a reader that keeps the names of earlier ones. A message is
 * written as JSON, which must be read again with as many members as it says; the same document
 * gives the same message by a reader that knows nothing yet. */
#include <stdlib.h>
#include <string.h>

#include "in/beats_message.h"
#include "model/message_json.h"

#define OUT_BYTES (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

/* The index form, or nothing. */
static size_t written(struct beats_reader *r, struct slice json, struct arena *mem, uint8_t *out)
{
    struct message *m = NULL;
    struct message_form form = { .id = SLICE("id") };
    struct buf b = buf_of(out, OUT_BYTES);
    enum beats_result result = beats_message(r, json, mem, &m);
    require(beats_result_text(result) != NULL);
    if (result != BEATS_MESSAGE && result != BEATS_INCOMPLETE)
        return 0;
    require((result == BEATS_MESSAGE) == message_is_complete(m) && message_size(m) >= 0);
    for (unsigned i = 0; i < m->n; i++)
        require(message_get(m, m->f[i].name) == &m->f[i].v && message_name_ok(m->f[i].name));
    require(message_json(m, &form, &b) || b.full || m->lost);
    return b.full ? 0 : b.n;
}

static void check_json(const uint8_t *text, size_t n)
{
    static struct jsondoc doc;
    static uint8_t copy[OUT_BYTES + JSONDOC_PAD];
    if (!doc.node)
        jsondoc_init(&doc, 1 << 17);
    memcpy(copy, text, n);
    require(jsondoc_read(&doc, copy, n, 0) == JSONDOC_OK);
    require(doc.node->type == JD_OBJECT && doc.node->n >= 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct beats_reader *kept;
    static unsigned runs;
    static uint8_t first[OUT_BYTES], second[OUT_BYTES];
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct arena mem;
    struct beats_conf conf = { .no_prefix = n & 1 };
    if (runs++ % 256 == 0) {
        beats_reader_free(kept);
        kept = beats_reader_new(&(struct beats_conf){ 0 });
    }
    uint8_t *exact = malloc(n);
    if (n)
        memcpy(exact, data, n);
    arena_init(&mem, &pool, (size_t)16 << 20);
    size_t length = written(kept, slice_of(exact, n), &mem, first);
    if (length)
        check_json(first, length);
    if (runs % 64 == 0) {
        struct beats_reader *fresh = beats_reader_new(&conf);
        arena_reset(&mem);
        size_t again = written(fresh, slice_of(exact, n), &mem, second);
        require(conf.no_prefix || (again == length && memcmp(first, second, again) == 0));
        arena_free(&mem);
        beats_reader_free(fresh);
    }
    free(exact);
    arena_free(&mem);
    chunk_pool_free(&pool);
    return 0;
}
