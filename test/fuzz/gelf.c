/* Fuzz target: GELF payloads, plain and packed. A message is written as JSON, which must be read
 * again. */
#include <stdlib.h>
#include <string.h>

#include "in/gelf_message.h"
#include "model/message_json.h"

#define OUT_BYTES (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static void check(struct message *m, enum gelf_result result)
{
    static struct jsondoc doc;
    static uint8_t out[OUT_BYTES + JSONDOC_PAD];
    struct buf b = buf_of(out, OUT_BYTES);
    struct message_form form = { .id = SLICE("id") };
    require((result == GELF_MESSAGE) == message_is_complete(m) && message_size(m) >= 0);
    for (unsigned i = 0; i < m->n; i++)
        require(message_get(m, m->f[i].name) == &m->f[i].v && message_name_ok(m->f[i].name));
    if (!message_json(m, &form, &b))
        return;
    if (!doc.node)
        jsondoc_init(&doc, 1 << 17);
    require(jsondoc_read(&doc, out, b.n, 0) == JSONDOC_OK && doc.node->type == JD_OBJECT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct gelf_reader *reader;
    struct chunk_pool pool = { .max_bytes = (size_t)64 << 20 };
    struct arena mem;
    struct message *m = NULL;
    if (!reader)
        reader = gelf_reader_new((size_t)1 << 20);
    uint8_t *exact = malloc(n);
    if (n)
        memcpy(exact, data, n);
    arena_init(&mem, &pool, (size_t)16 << 20);
    enum gelf_result result = gelf_message(reader, slice_of(exact, n), 1, &mem, &m);
    require(gelf_result_text(result) != NULL);
    if (result == GELF_MESSAGE || result == GELF_INCOMPLETE)
        check(m, result);
    free(exact);
    arena_free(&mem);
    chunk_pool_free(&pool);
    return 0;
}
