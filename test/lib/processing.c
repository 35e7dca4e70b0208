/* One event through processors. */
#include "lib/processing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "codec/yaml.h"
#include "model/event_json.h"
#include "pipe/processors.h"

static struct field own[] = {
    { "x.headers", FT_OBJECT, 0, 0, "Free keys." },
    { "x.name", FT_KEYWORD, 0, 0, "A name." },
    { "x.size", FT_LONG, 0, 0, "A size." },
};
enum { HEADERS, NAME, SIZE };
static struct arena arena;
static struct why why;
static struct counters counters;
static char text[65536];

void processing_open(void)
{
    arena_init(&arena, NULL, 0);
}

void processing_close(void)
{
    schema_reset();
    arena_free(&arena);
}

static err load(const char *yaml, struct processors **p)
{
    struct node *root;
    struct loading l = { "processors", &arena, &why };
    schema_reset();
    schema_add(own, COUNT(own));
    if (yaml_read(&arena, slice_cstr(yaml), "t.yml", &root, &why))
        fail_msg("%s", why.text);
    return processors_load(root, &l, p);
}

static struct event *make_event(void)
{
    struct event *e = event_make(&arena, 8);
    e->ts_ns = 1000;
    event_str(e, &ecs[ECS_TYPE], SLICE("http"));
    event_str(e, &own[NAME], SLICE("n"));
    event_int(e, &own[SIZE], 7);
    struct object *o = event_object(e, &own[HEADERS], 2);
    object_str(e, o, SLICE("host"), SLICE("h"));
    object_str(e, o, SLICE("via"), SLICE("v"));
    return e;
}

static const char *json_of(struct event *e)
{
    static const struct event_json_conf conf = { .beat = "b", .version = "v" };
    struct buf out = buf_of(text, sizeof text - 1);
    event_json(e, &conf, NULL, &out);
    assert_false(out.full);
    assert_false(e->lost);
    text[out.n] = '\0';
    return text;
}

const char *processing_whole(const char *yaml)
{
    struct processors *p;
    if (load(yaml, &p))
        fail_msg("%s", why.text);
    schema_freeze();
    memset(&counters, 0, sizeof counters);
    struct event *e = make_event();
    const char *json = processors_run(p, e, &counters) ? json_of(e) : "dropped";
    processors_close(p);
    return json;
}

const char *processing_after(const char *yaml)
{
    const char *json = processing_whole(yaml), *end = strchr(json, '}');
    return strcmp(json, "dropped") == 0 ? json : end + 1;
}

unsigned processing_errors(void)
{
    return (unsigned)counter_get(&counters, COUNTER_PROCESSOR_ERRORS);
}

void processing_is(const char *yaml, const char *want, unsigned errors)
{
    const char *got = processing_after(yaml);
    if (strcmp(got, want) != 0)
        fail_msg("%s\n   gave %s\n    not %s", yaml, got, want);
    if (processing_errors() != errors)
        fail_msg("%s failed %u times, not %u", yaml, processing_errors(), errors);
}

unsigned processing_dropped(const char *yaml, unsigned n)
{
    struct processors *p;
    unsigned dropped = 0;
    if (load(yaml, &p))
        fail_msg("%s", why.text);
    schema_freeze();
    for (unsigned i = 0; i < n; i++)
        dropped += !processors_run(p, make_event(), &counters);
    processors_close(p);
    return dropped;
}

const char *processing_refusal(const char *yaml)
{
    struct processors *p;
    if (load(yaml, &p) == ERR_OK)
        fail_msg("%s was taken", yaml);
    return why.text;
}
