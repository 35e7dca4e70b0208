/* A message for the Packetbeat pack (run where packs/ is), or for rules that are made here. */
#include "lib/hostile_rules.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/bug.h"
#include "model/message.h"
#include "pack/pack.h"
#include "pack/program.h"

#define TEXT_BYTES ((size_t)8 << 20)

struct ruled {
    struct arena mem;
    struct packs *packs; /* NULL: the program is our own */
    struct program *program;
    struct program_run *run;
    struct rule_env env;
    struct message *m;
};

/* head, i and tail as one name. */
static struct slice name_of(struct ruled *r, const char *head, size_t i, const char *tail)
{
    char text[64];
    struct buf b = buf_of(text, sizeof text);
    buf_printf(&b, "%s%zu%s", head, i, tail);
    return arena_dup(&r->mem, buf_slice(&b));
}

static void put(struct ruled *r, struct slice name, struct slice text)
{
    struct value v = { .field = 0xffff, .type = VT_STR, .n = (uint32_t)text.n, .p = text.p };
    BUG_ON(!message_set(r->m, name, &v));
}

/* ---- the Packetbeat pack */

static struct ruled *with_message(void)
{
    struct ruled *r = xcalloc(1, sizeof *r);
    arena_init(&r->mem, NULL, 0);
    r->m = message_new(&r->mem, 64);
    r->env =
        (struct rule_env){ .now_ms = 1707945600000, .default_stream = SLICE(DEFAULT_STREAM_ID) };
    message_stream(r->m, r->env.default_stream);
    return r;
}

static struct ruled *with_pack(const char *type)
{
    static const char *folders[] = { "packs" }, *enabled[] = { "packetbeat" };
    struct packs_conf conf = { .folders = { folders, 1 }, .enabled = { enabled, 1 } };
    struct ruled *r = with_message();
    struct mistakes wrong = { .mem = &r->mem };
    r->packs = packs_load(&conf, &wrong);
    BUG_ON(!r->packs);
    r->program = r->packs->program;
    r->run = program_run_new(r->program);
    r->env = packs_env(r->packs);
    r->env.now_ms = 1707945600000;
    put(r, SLICE("message"), SLICE("-"));
    put(r, SLICE("beats_type"), SLICE("packetbeat"));
    put(r, SLICE("packetbeat_type"), slice_cstr(type));
    return r;
}

static struct ruled *pack_fields(size_t n)
{
    struct ruled *r = with_pack("http");
    for (size_t i = 0; i < n; i++)
        put(r, name_of(r, "packetbeat_http_request_headers_x", i, ""), SLICE("value"));
    return r;
}

static struct ruled *pack_answers(size_t n)
{
    struct ruled *r = with_pack("dns");
    for (size_t i = 0; i < n; i++) {
        put(r, name_of(r, "packetbeat_dns_answers_", i, "_data"), SLICE("192.0.2.1"));
        put(r, name_of(r, "packetbeat_dns_answers_", i, "_type"), SLICE("A"));
    }
    return r;
}

/* A list as a GELF exporter writes it, of addresses that are all different. */
static struct ruled *pack_list_text(size_t n)
{
    struct ruled *r = with_pack("dns");
    char *text = arena_alloc(&r->mem, TEXT_BYTES);
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, TEXT_BYTES - at, "%s10.%zu.%zu.%zu", i ? ", " : "[",
                               i >> 16, i >> 8 & 255, i & 255);
    text[at++] = ']';
    put(r, SLICE("packetbeat_related_ip"), slice_of(text, at));
    put(r, SLICE("packetbeat_host_ip"), slice_of(text, at));
    put(r, SLICE("packetbeat_dns_resolved_ip"), slice_of(text, at));
    return r;
}

static struct ruled *pack_long_text(size_t n)
{
    struct ruled *r = with_pack("dns");
    char *text = arena_alloc(&r->mem, n);
    for (size_t i = 0; i < n; i++)
        text[i] = "abc.d-"[i % 6];
    put(r, SLICE("packetbeat_dns_question_name"), slice_of(text, n - 1));
    put(r, SLICE("packetbeat_query"), slice_of(text, n - 1));
    put(r, SLICE("packetbeat_url_path"), slice_of(text, n - 1));
    return r;
}

/* ---- programs of our own */

static struct ruled *own_program(struct ruled *r, struct slice rules, struct slice pipeline)
{
    struct program_source rule = { SLICE("rules"), rules }, stages = { SLICE("stages"), pipeline };
    struct program_connection link = { r->env.default_stream, SLICE("p") };
    struct program_conf conf = { .rule = &rule,
                                 .pipeline = &stages,
                                 .n_rules = 1,
                                 .n_pipelines = 1,
                                 .connection = &link,
                                 .n_connections = 1 };
    unsigned mistakes;
    r->program = program_load(&conf, &mistakes);
    BUG_ON(!r->program || mistakes);
    r->run = program_run_new(r->program);
    return r;
}

/* n rules, fifty in a stage; each asks for a field, sets one and renames one. */
static struct ruled *many_rules(size_t n)
{
    struct ruled *r = with_message();
    struct buf rules = buf_of(arena_alloc(&r->mem, TEXT_BYTES), TEXT_BYTES);
    struct buf stages = buf_of(arena_alloc(&r->mem, TEXT_BYTES), TEXT_BYTES);
    buf_cstr(&stages, "pipeline \"p\"\n");
    for (size_t i = 0; i < n; i++) {
        buf_printf(&rules, "rule \"r%zu\" when has_field(\"f%zu\") then\n", i, i);
        buf_printf(&rules, "set_field(\"s%zu\", concat(to_string($message.f%zu), \"x\"));\n", i, i);
        buf_printf(&rules, "rename_field(\"f%zu\", \"g%zu\"); end\n", i, i);
        if (i % 50 == 0)
            buf_printf(&stages, "stage %zu match pass\n", i / 50);
        buf_printf(&stages, "rule \"r%zu\";\n", i);
        put(r, name_of(r, "f", i, ""), SLICE("value"));
    }
    buf_cstr(&stages, "end\n");
    return own_program(r, buf_slice(&rules), buf_slice(&stages));
}

/* One rule on a text of n bytes, with patterns that would try everything. */
static struct ruled *many_tries(size_t n)
{
    static const char rules[] =
        "rule \"r\" when true then\n"
        "set_field(\"a\", regex_replace(\"(x+x+)+y\", to_string($message.f), \"z\"));\n"
        "set_field(\"b\", split(\",\", to_string($message.f)));\n"
        "set_field(\"c\", replace(to_string($message.f), \"x,\", \"yy\"));\n"
        "set_field(\"d\", join(split(\",\", to_string($message.f)), \";\"));\nend\n";
    struct ruled *r = with_message();
    char *text = arena_alloc(&r->mem, n);
    for (size_t i = 0; i < n; i++)
        text[i] = "xx,"[i % 3];
    put(r, SLICE("f"), slice_of(text, n));
    return own_program(r, slice_cstr(rules),
                       SLICE("pipeline \"p\"\nstage 0 match pass\nrule \"r\";\nend\n"));
}

static void drop(void *ctx, struct message *m)
{
    (void)ctx;
    (void)m;
}

void ruled_run(struct ruled *r)
{
    struct program_sink sink = { drop, NULL };
    program_run(r->run, &r->env, r->m, &sink, NULL);
}

void ruled_free(struct ruled *r)
{
    program_run_free(r->run);
    if (r->packs)
        packs_drop(r->packs);
    else
        program_free(r->program);
    arena_free(&r->mem);
    xfree(r);
}

const struct hostile_rules hostile_rules[] = {
    { "pack-fields", 600, pack_fields },
    { "pack-answers", 600, pack_answers },
    { "pack-list-text", 500, pack_list_text },
    { "pack-long-text", 10000, pack_long_text },
    { "rules-many", 400, many_rules },
    { "rules-tries", 10000, many_tries },
    { NULL, 0, NULL },
};
