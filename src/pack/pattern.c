/* Regular expressions with limits: pcre2 in the memory of an arena. */
#include "pack/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define STEPS_MAX    1000000
#define DEPTH_MAX    5000
#define HEAP_MAX_KIB 4096

struct pattern {
    pcre2_code *code;
};

static void *from_arena(size_t n, void *arena)
{
    return arena_alloc(arena, n);
}

static void to_arena(void *p, void *arena)
{
    (void)p;
    (void)arena; /* all is given back at once when the arena is emptied */
}

const struct pattern *pattern_make(struct arena *a, struct slice text, struct why *w)
{
    pcre2_general_context *g = pcre2_general_context_create(from_arena, to_arena, a);
    pcre2_compile_context *c = g ? pcre2_compile_context_create(g) : NULL;
    struct pattern *p = arena_alloc(a, sizeof *p);
    int code = 0;
    PCRE2_SIZE at = 0;
    if (!p || !c)
        return NULL;
    const uint8_t *bytes = text.n ? text.p : (const uint8_t *)"";
    p->code = pcre2_compile(bytes, text.n, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &at, c);
    if (p->code)
        return p;
    PCRE2_UCHAR words[160] = "";
    pcre2_get_error_message(code, words, sizeof words);
    why_set(w, ERR_FORMAT, "%s at %zu", (const char *)words, (size_t)at);
    return NULL;
}

/* A search for the pattern in text, from a place on. */
struct search {
    const struct pattern *p;
    struct slice text;
    size_t from;
    uint32_t options;
};

static enum pattern_result match(const struct search *s, struct arena *mem, struct pattern_match *m)
{
    const struct pattern *p = s->p;
    struct slice text = s->text;
    pcre2_general_context *g = pcre2_general_context_create(from_arena, to_arena, mem);
    pcre2_match_context *c = g ? pcre2_match_context_create(g) : NULL;
    pcre2_match_data *data = g ? pcre2_match_data_create(PATTERN_GROUPS_MAX, g) : NULL;
    if (!c || !data)
        return PATTERN_LIMIT;
    pcre2_set_match_limit(c, STEPS_MAX);
    pcre2_set_depth_limit(c, DEPTH_MAX);
    pcre2_set_heap_limit(c, HEAP_MAX_KIB);
    const uint8_t *bytes = text.n ? text.p : (const uint8_t *)"";
    int n = pcre2_match(p->code, bytes, text.n, s->from, s->options, data, c);
    if (n == PCRE2_ERROR_NOMATCH)
        return PATTERN_NO;
    if (n < 0)
        return PATTERN_LIMIT;
    uint32_t groups = 0;
    pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    m->n = groups + 1 < PATTERN_GROUPS_MAX ? groups + 1 : PATTERN_GROUPS_MAX;
    const PCRE2_SIZE *place = pcre2_get_ovector_pointer(data);
    for (unsigned i = 0; i < m->n; i++) {
        bool there = (int)i < n && place[2 * i] != PCRE2_UNSET;
        m->group[i] = there ? slice_of(bytes + place[2 * i], place[2 * i + 1] - place[2 * i])
                            : slice_of(NULL, 0);
    }
    return PATTERN_YES;
}

enum pattern_result pattern_find(const struct pattern *p, struct slice text, size_t from,
                                 struct arena *mem, struct pattern_match *m)
{
    struct search s = { p, text, from, 0 };
    return match(&s, mem, m);
}

enum pattern_result pattern_whole(const struct pattern *p, struct slice text, struct arena *mem)
{
    struct pattern_match m;
    struct search s = { p, text, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED };
    return match(&s, mem, &m);
}

int pattern_group(const struct pattern *p, struct slice name)
{
    char text[64];
    if (name.n >= sizeof text)
        return -1;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    int n = pcre2_substring_number_from_name(p->code, (const uint8_t *)text);
    return n < 0 ? -1 : n;
}
