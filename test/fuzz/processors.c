/* Fuzz target: a list of processors as YAML, and behind a zero byte two texts for the event's
 * fields (a second zero byte between them). What is accepted runs on two events; they are written
 * as JSON, which must be read again. Processors that ask others are left out. */
#include <stdlib.h>
#include <string.h>

#include "codec/jsondoc.h"
#include "codec/yaml.h"
#include "model/event_json.h"
#include "pipe/processors.h"

#define OUT_BYTES ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct field own[] = {
    { "x.headers", FT_OBJECT, 0, 0, "Free keys." },
    { "x.name", FT_KEYWORD, 0, 0, "A name." },
    { "x.size", FT_LONG, 0, 0, "A size." },
};
enum { HEADERS, NAME, SIZE };

static struct counters counters;
static uint8_t text[OUT_BYTES + JSONDOC_PAD];

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static struct event *make_event(struct arena *a, struct slice name, struct slice header)
{
    struct event *e = event_make(a, 8);
    if (!e)
        return NULL;
    e->ts_ns = 1000;
    event_str(e, &ecs[ECS_TYPE], SLICE("http"));
    event_str(e, &own[NAME], name);
    event_int(e, &own[SIZE], (int64_t)name.n);
    struct object *o = event_object(e, &own[HEADERS], 2);
    if (o)
        object_str(e, o, SLICE("host"), header);
    return e;
}

static void check_json(struct event *e)
{
    static const struct event_json_conf conf = { .beat = "b", .version = "v" };
    static struct jsondoc doc;
    struct buf out = buf_of(text, OUT_BYTES);
    if (!doc.node)
        jsondoc_init(&doc, 1 << 17);
    event_json(e, &conf, NULL, &out);
    require(out.full || jsondoc_read(&doc, text, out.n, 0) == JSONDOC_OK);
}

static struct slice part(struct slice *rest)
{
    ptrdiff_t end = slice_find(*rest, 0);
    struct slice s = slice_first(*rest, end < 0 ? rest->n : (size_t)end);
    *rest = slice_after(*rest, end < 0 ? rest->n : (size_t)end + 1);
    return s;
}

static bool asks_others(struct slice yaml)
{
    return slice_search(yaml, SLICE("dns")) >= 0 || slice_search(yaml, SLICE("cloud")) >= 0 ||
           slice_search(yaml, SLICE("docker")) >= 0;
}

static void run(const struct processors *p, struct arena *a, struct slice name, struct slice header)
{
    for (unsigned i = 0; i < 2; i++) {
        struct event *e = make_event(a, i ? header : name, i ? name : header);
        if (e && processors_run(p, e, &counters))
            check_json(e);
    }
}

static void load(struct slice rest, struct arena *boot, struct arena *batch)
{
    struct processors *p = NULL;
    struct node *root;
    struct why why = { "" };
    struct loading l = { "processors", boot, &why };
    struct slice yaml = part(&rest), name = part(&rest);
    if (asks_others(yaml) || yaml_read(boot, yaml, "fuzz.yml", &root, &why))
        return;
    schema_reset();
    schema_add(own, COUNT(own));
    if (processors_load(root, &l, &p)) {
        require(why.text[0] != '\0');
        return;
    }
    schema_freeze();
    run(p, batch, name, rest);
    processors_close(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct chunk_pool pool = { .max_bytes = (size_t)16 << 20 };
    struct arena boot, batch;
    uint8_t *exact = malloc(n);
    if (n)
        memcpy(exact, data, n);
    arena_init(&boot, NULL, 0);
    arena_init(&batch, &pool, 0);
    load(slice_of(exact, n), &boot, &batch);
    schema_reset();
    arena_free(&batch);
    arena_free(&boot);
    chunk_pool_free(&pool);
    free(exact);
    return 0;
}
