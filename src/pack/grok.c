/* Grok: patterns are put into each other as groups that are named by number, so that fields may
 * have names that pcre2 would not take. */
#include "pack/grok.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "pack/datepattern.h"

#define TEXT_MAX     65536
#define CAPTURES_MAX (PATTERN_GROUPS_MAX - 1)
#define GROUP_PREFIX "wl_"

static const struct {
    const char *name, *text;
} library[] = {
#define GROK(name, text) { #name, text },
#include "pack/grok.def"
#undef GROK
};

/* A part of the pattern whose match is kept. */
struct capture {
    struct slice name, type, format;
    unsigned group;
};

struct grok {
    const struct pattern *pattern;
    struct capture *capture;
    unsigned n;
};

/* The pattern at work. */
struct build {
    struct buf text;
    struct grok *g;
    struct why *w;
    const struct grok_library *lib;
    bool named;
};

/* p is NULL when there is none. */
static struct slice find_pattern(const struct grok_library *lib, struct slice name)
{
    for (size_t i = 0; i < COUNT(library); i++) {
        if (slice_eq(name, slice_cstr(library[i].name)))
            return slice_cstr(library[i].text);
    }
    return lib ? grok_library_find(lib, name) : slice_of(NULL, 0);
}

bool grok_has(const struct grok_library *lib, struct slice name)
{
    return find_pattern(lib, name).p != NULL;
}

struct slice grok_split(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && s->p[n] != ':' && s->p[n] != ';')
        n++;
    struct slice head = slice_first(*s, n);
    *s = slice_after(*s, n + 1);
    return head;
}

static bool expand(struct build *b, struct slice text, unsigned depth);

static bool fail(struct build *b, const char *why, struct slice name)
{
    why_set(b->w, ERR_FORMAT, "%s: %.*s", why, (int)(name.n < 64 ? name.n : 64),
            (const char *)name.p);
    return false;
}

/* What stands between %{ and }. */
static bool reference(struct build *b, struct slice s, unsigned depth)
{
    struct slice name = grok_split(&s), field = grok_split(&s);
    struct capture c = { .name = field.n ? field : name, .type = grok_split(&s), .format = s };
    struct slice text = find_pattern(b->lib, name);
    bool kept = (field.n || !b->named) && !slice_eq(c.name, SLICE("UNWANTED"));
    if (!text.p)
        return fail(b, "there is no pattern of that name", name);
    if (b->text.full)
        return fail(b, "the pattern is too long at", name);
    if (depth == GROK_NESTS_MAX || (kept && b->g->n == CAPTURES_MAX))
        return fail(b, "the pattern has too many parts at", name);
    if (kept) {
        buf_printf(&b->text, "(?<" GROUP_PREFIX "%u>", b->g->n);
        b->g->capture[b->g->n++] = c;
    } else {
        buf_lit(&b->text, "(?:");
    }
    if (!expand(b, text, depth + 1))
        return false;
    buf_u8(&b->text, ')');
    return true;
}

static bool expand(struct build *b, struct slice text, unsigned depth)
{
    while (text.n) {
        ptrdiff_t at = slice_search(text, SLICE("%{"));
        buf_add(&b->text, slice_first(text, at < 0 ? text.n : (size_t)at));
        if (at < 0)
            break;
        text = slice_after(text, (size_t)at + 2);
        ptrdiff_t end = slice_find(text, '}');
        if (end < 0)
            return fail(b, "a reference is not closed", text);
        if (!reference(b, slice_first(text, (size_t)end), depth))
            return false;
        text = slice_after(text, (size_t)end + 1);
    }
    return true;
}

/* Finds the groups of captures, and adds those that the user has named himself. */
static bool number_groups(struct grok *g)
{
    struct slice name;
    unsigned own = g->n, group;
    for (unsigned i = 0; pattern_name(g->pattern, i, &name, &group); i++) {
        char text[40];
        unsigned k = own;
        if (slice_starts(name, SLICE(GROUP_PREFIX)) && name.n < sizeof text) {
            memcpy(text, name.p, name.n);
            text[name.n] = '\0';
            k = (unsigned)strtoul(text + sizeof GROUP_PREFIX - 1, NULL, 10);
        }
        if (k < own) {
            g->capture[k].group = group;
            continue;
        }
        if (g->n == CAPTURES_MAX)
            return false;
        g->capture[g->n++] = (struct capture){ .name = name, .group = group };
    }
    return true;
}

static bool build(struct build *b, struct arena *mem, struct slice text)
{
    if (!expand(b, text, 0))
        return false;
    if (b->text.full)
        return fail(b, "the pattern is too long", text);
    b->g->pattern = pattern_make(mem, buf_slice(&b->text), b->w);
    if (!b->g->pattern)
        return false;
    return number_groups(b->g) || fail(b, "the pattern has too many groups", text);
}

const struct grok *grok_make(struct arena *mem, const struct grok_library *lib, struct slice text,
                             bool named, struct why *w)
{
    struct grok *g = arena_zalloc(mem, sizeof *g);
    if (!g || !(g->capture = arena_zalloc(mem, CAPTURES_MAX * sizeof *g->capture))) {
        why_set(w, ERR_LIMIT, "memory is out");
        return NULL;
    }
    struct build b = {
        .text = buf_of(xmalloc(TEXT_MAX), TEXT_MAX), .g = g, .w = w, .lib = lib, .named = named
    };
    bool built = build(&b, mem, text);
    xfree(b.text.p);
    return built ? g : NULL;
}

/* ---- kept */

#define KEPT_BYTES ((size_t)1 << 20) /* of one */

struct kept {
    struct arena mem;
    struct slice text;
    const struct grok_library *lib;
    const struct grok *g; /* NULL: why says what is wrong */
    struct why why;
    bool used, named;
};

static void free_kept(void *all)
{
    struct kept *k = all;
    for (size_t i = 0; i < GROK_KEPT_MAX; i++)
        if (k[i].used)
            arena_free(&k[i].mem);
    xfree(k);
}

static size_t place_of_text(struct slice text)
{
    uint32_t h = 2166136261;
    for (size_t i = 0; i < text.n; i++)
        h = (h ^ text.p[i]) * 16777619;
    return (h ^ h >> 16) % GROK_KEPT_MAX;
}

static void make_kept(struct kept *k)
{
    struct slice text = k->text;
    arena_free(&k->mem);
    arena_init(&k->mem, NULL, KEPT_BYTES);
    k->used = true;
    k->text = arena_dup(&k->mem, text);
    k->g = k->text.n == text.n ? grok_make(&k->mem, k->lib, k->text, k->named, &k->why) : NULL;
    if (k->mem.full)
        why_set(&k->why, ERR_LIMIT, "the pattern is too long");
    if (k->mem.full || k->text.n != text.n)
        k->g = NULL;
}

const struct grok *grok_kept(struct arena *mem, const struct grok_library *lib, struct slice text,
                             bool named, struct why *w)
{
    struct kept **all = (struct kept **)pattern_room_more(free_kept);
    if (!all || text.n > TEXT_MAX)
        return grok_make(mem, lib, text, named, w);
    if (!*all)
        *all = xcalloc(GROK_KEPT_MAX, sizeof **all);
    struct kept *k = &(*all)[place_of_text(text)];
    if (!k->used || k->named != named || k->lib != lib || !slice_eq(k->text, text)) {
        *k = (struct kept){ .mem = k->mem, .text = text, .lib = lib, .named = named };
        make_kept(k);
    }
    *w = k->why;
    return k->g;
}

/* ---- values */

static struct slice unquoted(struct slice s)
{
    bool quoted = s.n > 1 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];
    return quoted ? slice_of(s.p + 1, s.n - 2) : s;
}

static bool whole_number(const char *text, int64_t *v)
{
    char *end;
    *v = strtoll(text, &end, 10);
    return end != text && !*end;
}

/* The text as the type says; false when it is no such value. */
static bool typed(const struct capture *c, struct slice s, struct rule_value *out)
{
    char text[64];
    char *end;
    int64_t i, ms;
    struct why why;
    snprintf(text, sizeof text, "%.*s", (int)(s.n < 63 ? s.n : 63), (const char *)s.p);
    *out = rule_string(s);
    if (slice_eq(c->type, SLICE("int")) || slice_eq(c->type, SLICE("integer")) ||
        slice_eq(c->type, SLICE("long")) || slice_eq(c->type, SLICE("short")) ||
        slice_eq(c->type, SLICE("byte"))) {
        bool wide = slice_eq(c->type, SLICE("long"));
        bool good = whole_number(text, &i) && (wide || (i >= INT32_MIN && i <= INT32_MAX));
        *out = good ? (struct rule_value){ .kind = wide ? K_LONG : K_INT, .i = i } : *out;
        return good;
    }
    if (slice_eq(c->type, SLICE("float")) || slice_eq(c->type, SLICE("double"))) {
        double d = strtod(text, &end);
        if (end == text || *end)
            return false;
        *out = rule_double(slice_eq(c->type, SLICE("float")) ? (double)(float)d : d);
        out->kind = slice_eq(c->type, SLICE("float")) ? K_FLOAT : K_DOUBLE;
        return true;
    }
    if (slice_eq(c->type, SLICE("boolean"))) {
        *out = rule_bool(slice_eq_nocase(s, SLICE("true")));
        return true;
    }
    if (slice_eq(c->type, SLICE("date"))) {
        struct datepattern d = { .pattern = c->format };
        if (!datepattern_read(&d, s, &ms, &why))
            return false;
        *out = (struct rule_value){ .kind = K_DATE, .i = ms };
    }
    return true;
}

/* A second value of a field makes a list of both. */
static bool put(struct arena *mem, struct rule_value *map, struct slice name, struct rule_value v)
{
    struct rule_member *m = (struct rule_member *)(uintptr_t)map->p;
    uint32_t at = 0;
    while (at < map->n && !slice_eq(m[at].key, name))
        at++;
    if (at == map->n) {
        m[map->n++] = (struct rule_member){ name, v };
        return true;
    }
    struct rule_value *old = &m[at].v;
    if (v.kind == K_NULL)
        return true;
    if (old->kind == K_NULL) {
        *old = v;
        return true;
    }
    uint32_t n = old->kind == K_LIST ? old->n : 1;
    struct rule_value *items = arena_alloc(mem, (n + 1) * sizeof *items);
    if (!items)
        return false;
    memcpy(items, old->kind == K_LIST ? old->p : old, n * sizeof *items);
    items[n] = v;
    *old = (struct rule_value){ .kind = K_LIST, .n = n + 1, .p = items };
    return true;
}

static bool put_failure(struct arena *mem, struct rule_value *map, const struct capture *c,
                        struct slice text)
{
    struct buf name = buf_of(arena_alloc(mem, c->name.n + 16), c->name.n + 16);
    struct buf why = buf_of(arena_alloc(mem, text.n + 64), text.n + 64);
    if (!name.p || !why.p)
        return false;
    buf_add(&name, c->name);
    buf_lit(&name, "_grokfailure");
    buf_lit(&why, "the text is no ");
    buf_add(&why, slice_first(c->type, 32));
    buf_lit(&why, ": ");
    buf_add(&why, text);
    return put(mem, map, buf_slice(&name), rule_string(buf_slice(&why)));
}

bool grok_find(const struct grok *g, struct slice text, struct arena *mem, struct rule_value *out)
{
    struct pattern_match m = { 0 };
    *out = (struct rule_value){ .kind = K_MAP, .fixed = VALUE_UNMATCHED };
    enum pattern_result r = pattern_find(g->pattern, text, 0, mem, &m);
    if (r != PATTERN_YES)
        return r == PATTERN_NO;
    out->fixed = VALUE_MATCHED;
    out->p = arena_zalloc(mem, (g->n * 2 + 1) * sizeof(struct rule_member));
    for (unsigned i = 0; out->p && i < g->n; i++) {
        const struct capture *c = &g->capture[i];
        struct slice s = c->group < m.n ? m.group[c->group] : slice_of(NULL, 0);
        struct rule_value v = rule_null();
        bool good = !s.p || typed(c, unquoted(s), &v);
        if (!put(mem, out, c->name, v) || (!good && !put_failure(mem, out, c, unquoted(s))))
            return false;
    }
    return out->p != NULL;
}
