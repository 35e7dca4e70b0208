/* Content packs: the envelope, streams, and what the parts share. */
#include "pack/export.h"

#include <stdarg.h>

#include "pack/export_private.h"

#define NOTE_BYTES        8192
#define DESCRIPTION_BYTES ((size_t)512 << 10)

/* Namespace of all our ids: made once, by chance. */
static const struct uuid space = { { 0x5e, 0x2f, 0x9c, 0x61, 0x0b, 0x4d, 0x4c, 0x7a, 0x93, 0x1d,
                                     0xe8, 0x07, 0x6a, 0xb2, 0x54, 0xf3 } };

const char *const export_variant_names[] = { "stream", "stream_title", NULL };

/* ---- what the parts share */

const char *export_keep(struct exporting *x, struct slice text)
{
    char *copy = arena_alloc(&x->packs->mem, text.n + 1);
    if (!copy)
        return "";
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return copy;
}

void export_note(struct exporting *x, const char *fmt, ...)
{
    char text[NOTE_BYTES];
    struct export_result *r = x->result;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (unsigned i = 0; i < r->n_notes && i < EXPORT_NOTES_MAX; i++)
        if (strcmp(r->note[i], text) == 0)
            return;
    if (r->n_notes < EXPORT_NOTES_MAX)
        r->note[r->n_notes] = export_keep(x, slice_cstr(text));
    r->n_notes++;
}

struct uuid export_space(const struct exporting *x, const char *kind)
{
    struct uuid pack = uuid_of_name(&space, slice_cstr(x->pack->name));
    return uuid_of_name(&pack, slice_cstr(kind));
}

void export_uuid(const struct exporting *x, char out[UUID_TEXT], const char *kind,
                 struct slice name)
{
    struct uuid within = export_space(x, kind), u = uuid_of_name(&within, name);
    uuid_text(out, &u);
}

bool export_stream_uuid(const struct exporting *x, char out[UUID_TEXT], struct slice title)
{
    for (unsigned i = 0; i < x->conf->n_streams; i++) {
        if (!slice_eq(slice_cstr(x->conf->stream[i].title), title) ||
            slice_eq(title, SLICE(DEFAULT_STREAM_TITLE)))
            continue;
        export_uuid(x, out, export_variant_names[x->conf->variant], title);
        return true;
    }
    return false;
}

void export_begin(struct exporting *x, const char *type, const char *version, const char *uuid)
{
    struct jsonprint *j = &x->j;
    jsonprint_open(j, NULL, '{');
    jsonprint_cstr(j, "v", "1");
    jsonprint_open(j, "type", '{');
    jsonprint_cstr(j, "name", type);
    jsonprint_cstr(j, "version", version);
    jsonprint_close(j, '{');
    jsonprint_cstr(j, "id", uuid);
    jsonprint_open(j, "data", '{');
}

void export_end(struct exporting *x)
{
    struct jsonprint *j = &x->j;
    jsonprint_close(j, '{');
    jsonprint_open(j, "constraints", '[');
    jsonprint_open(j, NULL, '{');
    jsonprint_cstr(j, "type", "server-version");
    jsonprint_cstr(j, "version", EXPORT_CONSTRAINT);
    jsonprint_close(j, '{');
    jsonprint_close(j, '[');
    jsonprint_close(j, '{');
}

static void open_reference(struct exporting *x, const char *key, const char *type)
{
    jsonprint_open(&x->j, key, '{');
    jsonprint_cstr(&x->j, "@type", type);
}

void export_text(struct exporting *x, const char *key, struct slice text)
{
    open_reference(x, key, "string");
    jsonprint_text(&x->j, "@value", text);
    jsonprint_close(&x->j, '{');
}

void export_cstr(struct exporting *x, const char *key, const char *text)
{
    export_text(x, key, slice_cstr(text ? text : ""));
}

void export_bool(struct exporting *x, const char *key, bool v)
{
    open_reference(x, key, "boolean");
    jsonprint_bool(&x->j, "@value", v);
    jsonprint_close(&x->j, '{');
}

void export_integer(struct exporting *x, const char *key, int64_t v)
{
    open_reference(x, key, "integer");
    jsonprint_int(&x->j, "@value", v);
    jsonprint_close(&x->j, '{');
}

void export_long(struct exporting *x, const char *key, int64_t v)
{
    open_reference(x, key, "long");
    jsonprint_int(&x->j, "@value", v);
    jsonprint_close(&x->j, '{');
}

/* ---- streams */

static void stream_rule(struct exporting *x, const struct stream_rule *r)
{
    static const char *const names[] = { "",
#define STREAM_RULE_NAME(id, name) #name,
                                         STREAM_RULES(STREAM_RULE_NAME)
#undef STREAM_RULE_NAME
    };
    jsonprint_open(&x->j, NULL, '{');
    export_cstr(x, "type", names[r->type]);
    export_text(x, "field", r->field);
    export_text(x, "value", r->value);
    export_bool(x, "inverted", r->inverted);
    export_cstr(x, "description", r->description);
    jsonprint_close(&x->j, '{');
}

static void stream(struct exporting *x, const struct stream_def *s)
{
    export_cstr(x, "title", s->title);
    if (x->conf->variant == EXPORT_STREAM_TITLE)
        return;
    export_cstr(x, "description", s->description);
    export_bool(x, "disabled", s->paused);
    export_cstr(x, "matching_type", s->match_any ? "OR" : "AND");
    jsonprint_open(&x->j, "stream_rules", '[');
    for (unsigned i = 0; i < s->n_rules; i++)
        stream_rule(x, &s->rule[i]);
    jsonprint_close(&x->j, '[');
    static const char *const empty[] = { "alert_conditions", "alarm_callbacks", "outputs" };
    for (size_t i = 0; i < COUNT(empty); i++) {
        jsonprint_open(&x->j, empty[i], '[');
        jsonprint_close(&x->j, '[');
    }
    export_bool(x, "default_stream", false);
    export_bool(x, "remove_matches", s->remove_from_default);
}

/* Of several of one title the first counts, as for the loader; the default stream is there. */
static bool is_made(const struct exporting *x, unsigned stream)
{
    const struct stream_def *s = x->conf->stream;
    for (unsigned i = 0; i < stream; i++)
        if (strcmp(s[i].title, s[stream].title) == 0)
            return false;
    return strcmp(s[stream].title, DEFAULT_STREAM_TITLE) != 0;
}

static void streams(struct exporting *x)
{
    char uuid[UUID_TEXT];
    for (unsigned i = 0; i < x->conf->n_streams; i++) {
        const struct stream_def *s = &x->conf->stream[i];
        if (!is_made(x, i) || !export_stream_uuid(x, uuid, slice_cstr(s->title)))
            continue;
        export_begin(x, export_variant_names[x->conf->variant], "1", uuid);
        stream(x, s);
        export_end(x);
        x->result->streams++;
    }
}

static void check_stream(struct exporting *x, const struct stream_def *s)
{
    bool ruled = x->conf->variant == EXPORT_STREAM && s->n_rules;
    for (unsigned i = 0; ruled && i < s->n_rules; i++)
        if (s->rule[i].type == STREAM_RULE_INPUT)
            mistake_add(x->wrong, place_of(x->pack->stream),
                        "stream \"%.80s\": MATCH_INPUT means an input of this server, which has "
                        "another id in a Graylog (mend: a rule about a field)",
                        s->title);
    if (ruled)
        export_note(x,
                    "Order of processors: the Message Filter Chain must run before the Pipeline "
                    "Processor, for the stream \"%s\" has rules of its own.",
                    s->title);
    if (x->conf->variant == EXPORT_STREAM_TITLE)
        export_note(x,
                    "Before installation: make the stream \"%s\"%s, and start it; just one stream "
                    "may have this title.",
                    s->title,
                    s->remove_from_default ? " (remove matches from the default stream)" : "");
    else if (s->paused)
        export_note(x, "The stream \"%s\" runs at once: pause it by hand.", s->title);
}

/* A content pack has no entity for index sets. */
static void check_index_set(struct exporting *x, const struct node *n)
{
    const struct node *title = node_get(n, "title"), *prefix = node_get(n, "index_prefix");
    if (!title || !title->text)
        return;
    char shown[300];
    snprintf(shown, sizeof shown, "\"%.120s\"%s%.100s%s", title->text,
             prefix && prefix->text ? " (prefix " : "", prefix && prefix->text ? prefix->text : "",
             prefix && prefix->text ? ")" : "");
    if (x->conf->variant == EXPORT_STREAM)
        export_note(x,
                    "After installation: make the index set %s and give the pack's streams to it; "
                    "a content pack carries none, until then messages are in the default one.",
                    shown);
    else
        export_note(x,
                    "Before installation: make the index set %s for the pack's streams; a content "
                    "pack carries none.",
                    shown);
}

static void read_streams(struct exporting *x)
{
    const struct node *set = x->pack->index_set;
    if (set && set->type == NODE_MAP)
        check_index_set(x, set);
    for (const struct node *c = set && set->type == NODE_LIST ? set->child : NULL; c; c = c->next)
        check_index_set(x, c);
    for (unsigned i = 0; i < x->conf->n_streams; i++)
        if (is_made(x, i))
            check_stream(x, &x->conf->stream[i]);
}

/* ---- the envelope */

/* "2.13.1" is 2013001: a later version of a pack is a later revision. */
static bool read_revision(struct exporting *x)
{
    struct slice rest = slice_cstr(x->pack->version);
    int64_t revision = 0;
    bool good = true;
    for (unsigned part = 0; part < 3; part++) {
        ptrdiff_t dot = slice_find(rest, '.');
        struct slice digits = slice_first(rest, dot < 0 ? rest.n : (size_t)dot);
        uint64_t v = 0;
        good &= !digits.n || slice_to_u64(digits, &v);
        good &= part ? v <= EXPORT_VERSION_MAX : digits.n && v < INT32_MAX / 1000000;
        revision = revision * 1000 + (int64_t)(good ? v : 0);
        rest = dot < 0 ? slice_of(NULL, 0) : slice_after(rest, (size_t)dot + 1);
    }
    x->result->revision = revision;
    if (!good)
        mistake_add(x->wrong, place_of(x->pack->root),
                    "version: '%.40s' gives no revision (mend: up to three numbers, 1.2.3, the "
                    "second and third at most %d)",
                    x->pack->version, EXPORT_VERSION_MAX);
    return good;
}

/* Paths of this machine are of no meaning elsewhere: the file's name stands for them. */
static const char *shown_value(const struct pack_setting *s)
{
    const char *slash = s->type == SETTING_PATH ? strrchr(s->value, '/') : NULL;
    return slash ? slash + 1 : s->value;
}

/* What the user chose makes another content pack; what the pack's author changes makes another
 * revision of it. */
static void pack_uuid(const struct exporting *x, char out[UUID_TEXT])
{
    struct uuid u = export_space(x, export_variant_names[x->conf->variant]);
    if (strcmp(x->conf->lookups, EXPORT_LOOKUPS) != 0)
        u = uuid_of_name(&u, slice_cstr(x->conf->lookups));
    for (unsigned i = 0; i < x->pack->n_settings; i++) {
        const struct pack_setting *s = &x->pack->setting[i];
        if (strcmp(s->value, s->preset) == 0)
            continue;
        u = uuid_of_name(&u, slice_cstr(s->name));
        u = uuid_of_name(&u, slice_cstr(shown_value(s)));
    }
    u = uuid_of_name(&u, SLICE("content_pack"));
    uuid_text(out, &u);
}

static void put_settings(const struct exporting *x, struct buf *b)
{
    for (unsigned i = 0; i < x->pack->n_settings; i++) {
        const struct pack_setting *s = &x->pack->setting[i];
        buf_printf(b, "%s`%s`: %s", i ? ", " : "Settings: ", s->name,
                   *s->value ? shown_value(s) : "empty");
    }
    buf_cstr(b, x->pack->n_settings ? ".\n\n" : "");
}

/* What a person reads before installing, in Markdown. */
static void describe(struct exporting *x)
{
    uint8_t *text = arena_alloc(&x->packs->mem, DESCRIPTION_BYTES);
    struct buf b = buf_of(text, text ? DESCRIPTION_BYTES : 0);
    const struct export_result *r = x->result;
    buf_printf(&b, "%s\n\nMade from the pack `%s` %s by wirelume.\n\n", x->pack->description,
               x->pack->name, x->pack->version);
    put_settings(x, &b);
    for (unsigned i = 0; i < r->n_notes && i < EXPORT_NOTES_MAX; i++)
        buf_printf(&b, "- %s\n", r->note[i]);
    jsonprint_text(&x->j, "description", buf_slice(&b));
    if (b.full)
        mistake_add(x->wrong, place_of(x->pack->root),
                    "description: it and the notes take more "
                    "than %zu bytes",
                    b.cap);
}

static void summarise(struct exporting *x)
{
    size_t cap = strlen(x->pack->title) + strlen(x->pack->version) + 100;
    uint8_t *text = arena_alloc(&x->packs->mem, cap);
    struct buf b = buf_of(text, text ? cap : 0);
    buf_printf(&b, "%s %s: rules, pipelines", x->pack->title, x->pack->version);
    buf_cstr(&b, x->n_tables ? ", lookup tables" : "");
    buf_cstr(&b, x->conf->n_streams && x->conf->variant == EXPORT_STREAM ? ", streams" : "");
    buf_cstr(&b, x->dashboard ? ", a dashboard" : "");
    jsonprint_text(&x->j, "summary", buf_slice(&b));
    if (b.full)
        mistake_add(x->wrong, place_of(x->pack->root), "memory is out");
}

static void write_all(struct exporting *x)
{
    struct jsonprint *j = &x->j;
    char uuid[UUID_TEXT];
    pack_uuid(x, uuid);
    jsonprint_open(j, NULL, '{');
    jsonprint_cstr(j, "v", "1");
    jsonprint_cstr(j, "id", uuid);
    jsonprint_int(j, "rev", x->result->revision);
    jsonprint_cstr(j, "name", x->pack->title);
    summarise(x);
    describe(x);
    jsonprint_cstr(j, "vendor", "wirelume");
    jsonprint_cstr(j, "url", "");
    jsonprint_cstr(j, "server_version", EXPORT_SERVER);
    jsonprint_open(j, "parameters", '[');
    jsonprint_close(j, '[');
    jsonprint_open(j, "entities", '[');
    streams(x);
    export_tables(x);
    export_grok(x);
    export_rules(x);
    export_pipelines(x);
    export_dashboard(x);
    jsonprint_close(j, '[');
    jsonprint_close(j, '{');
    buf_u8(j->out, '\n');
}

static bool prepare(struct exporting *x)
{
    unsigned before = x->wrong->n;
    read_revision(x);
    read_streams(x);
    export_read_tables(x);
    export_read_rules(x);
    export_read_dashboard(x);
    if (x->packs->mem.full)
        mistake_add(x->wrong, (struct place){ x->pack->folder, 0, 0 }, "memory is out");
    return x->wrong->n == before;
}

bool pack_export(struct packs *p, const struct export_conf *conf, struct buf *out,
                 struct export_result *result, struct mistakes *wrong)
{
    struct exporting *x = arena_zalloc(&p->mem, sizeof *x);
    unsigned before = wrong->n;
    *result = (struct export_result){ 0 };
    if (!x) {
        mistake_add(wrong, (struct place){ p->pack[0].folder, 0, 0 }, "memory is out");
        return false;
    }
    *x = (struct exporting){ .packs = p,
                             .pack = &p->pack[0],
                             .conf = conf,
                             .result = result,
                             .wrong = wrong,
                             .j = { .out = out } };
    x->load = (struct pack_loading){ .packs = p, .pack = x->pack, .wrong = wrong };
    if (!prepare(x))
        return false;
    write_all(x);
    if (out->full)
        mistake_add(wrong, (struct place){ x->pack->folder, 0, 0 },
                    "the content pack is larger than %zu bytes", out->cap);
    return wrong->n == before;
}
