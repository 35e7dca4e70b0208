/* Regular expressions with limits: pcre2 in the memory of an arena. */
#include "pack/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/bug.h"

#define TEXT_MAX_BYTES 65536
#define STEPS_MAX      100000 /* 1 to 2 ms */
#define DEPTH_MAX      5000
#define HEAP_MAX_KIB   4096

#define PREFIX_BYTES 48

struct pattern {
    pcre2_code *code;
    uint8_t prefix[PREFIX_BYTES]; /* what every text that matches as a whole begins with */
    uint8_t prefix_n;
    uint8_t literal[PREFIX_BYTES]; /* all that it matches; literal_n 0: more than one text */
    uint8_t literal_n;
};

/* A pattern that was compiled while rules ran. */
struct kept {
    struct pattern p;
    uint8_t *text;
    size_t n;
};

struct pattern_room {
    pcre2_match_context *context;
    pcre2_match_data *data;
    struct kept kept[PATTERN_KEPT_MAX];
    void *more;
    void (*free_more)(void *);
};

static _Thread_local struct pattern_room *room_in_use;
static _Thread_local uint64_t stopped;

static void *from_arena(size_t n, void *arena)
{
    return arena_alloc(arena, n);
}

static void to_arena(void *p, void *arena)
{
    (void)p;
    (void)arena; /* all is given back at once when the arena is emptied */
}

static bool is_literal(uint8_t b)
{
    b = ascii_lower(b);
    return (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '_' || b == '@' || b == '-';
}

/* Literal characters up to the first that is special; a quantifier takes the one before it along.
 */
static void find_prefix(struct pattern *p, struct slice text)
{
    p->prefix_n = 0;
    if (slice_find(text, '|') >= 0)
        return;
    size_t n = 0;
    while (n < text.n && n < PREFIX_BYTES && is_literal(text.p[n]))
        n++;
    bool quantified = n < text.n && (text.p[n] == '*' || text.p[n] == '?' || text.p[n] == '{');
    n -= n && quantified;
    memcpy(p->prefix, text.p, n);
    p->prefix_n = (uint8_t)n;
}

/* A text of ASCII without anything special, or with a backslash in front of it. */
static void find_literal(struct pattern *p, struct slice text)
{
    static const struct slice special = SLICE("\\^$.[]|()?*+{}");
    p->literal_n = 0;
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        bool escaped = text.p[i] == '\\' && i + 1 < text.n;
        uint8_t b = text.p[i += escaped];
        bool letter = (is_literal(b) && b != '-' && b != '@') || b <= ' ' || b >= 0x7f;
        if (n == PREFIX_BYTES || b == 0 || b >= 0x7f ||
            (escaped ? letter : slice_find(special, b) >= 0))
            return;
        p->literal[n++] = b;
    }
    p->literal_n = (uint8_t)n;
}

/* c decides where the code lives. */
static bool compile(struct pattern *p, struct slice text, pcre2_compile_context *c, struct why *w)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    PCRE2_UCHAR words[160] = "";
    const uint8_t *bytes = text.n ? text.p : (const uint8_t *)"";
    p->code = NULL;
    if (text.n > TEXT_MAX_BYTES) {
        why_set(w, ERR_FORMAT, "the pattern is too long");
        return false;
    }
    p->code = pcre2_compile(bytes, text.n, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &at, c);
    find_prefix(p, text);
    find_literal(p, text);
    if (p->code)
        return true;
    pcre2_get_error_message(code, words, sizeof words);
    why_set(w, ERR_FORMAT, "%s at %zu", (const char *)words, (size_t)at);
    return false;
}

const struct pattern *pattern_make(struct arena *a, struct slice text, struct why *w)
{
    pcre2_general_context *g = pcre2_general_context_create(from_arena, to_arena, a);
    pcre2_compile_context *c = g ? pcre2_compile_context_create(g) : NULL;
    struct pattern *p = arena_alloc(a, sizeof *p);
    return p && c && compile(p, text, c, w) ? p : NULL;
}

static size_t place_of(struct slice text)
{
    uint32_t h = 2166136261;
    for (size_t i = 0; i < text.n; i++)
        h = (h ^ text.p[i]) * 16777619;
    return (h ^ h >> 16) % PATTERN_KEPT_MAX;
}

const struct pattern *pattern_kept(struct arena *a, struct slice text, struct why *w)
{
    struct pattern made;
    if (!room_in_use)
        return pattern_make(a, text, w);
    struct kept *k = &room_in_use->kept[place_of(text)];
    if (k->p.code && slice_eq(slice_of(k->text, k->n), text))
        return &k->p;
    if (!compile(&made, text, NULL, w))
        return NULL;
    pcre2_code_free(k->p.code);
    xfree(k->text);
    *k = (struct kept){ made, xmalloc(text.n + 1), text.n };
    if (text.n)
        memcpy(k->text, text.p, text.n);
    return &k->p;
}

/* A search for the pattern in text, from a place on. */
struct search {
    const struct pattern *p;
    struct slice text;
    size_t from;
    uint32_t options;
};

static bool room_init(struct pattern_room *room, pcre2_general_context *g)
{
    room->context = pcre2_match_context_create(g);
    room->data = pcre2_match_data_create(PATTERN_GROUPS_MAX, g);
    if (!room->context || !room->data)
        return false;
    pcre2_set_match_limit(room->context, STEPS_MAX);
    pcre2_set_depth_limit(room->context, DEPTH_MAX);
    pcre2_set_heap_limit(room->context, HEAP_MAX_KIB);
    return true;
}

struct pattern_room *pattern_room_new(void)
{
    struct pattern_room *room = xcalloc(1, sizeof *room);
    xneed(room_init(room, NULL), "memory for regular expressions");
    return room;
}

void pattern_room_free(struct pattern_room *room)
{
    if (!room)
        return;
    if (room_in_use == room)
        room_in_use = NULL;
    for (size_t i = 0; i < PATTERN_KEPT_MAX; i++) {
        pcre2_code_free(room->kept[i].p.code);
        xfree(room->kept[i].text);
    }
    if (room->more)
        room->free_more(room->more);
    pcre2_match_data_free(room->data);
    pcre2_match_context_free(room->context);
    xfree(room);
}

void **pattern_room_more(void (*free)(void *))
{
    if (!room_in_use)
        return NULL;
    room_in_use->free_more = free;
    return &room_in_use->more;
}

void pattern_use_room(struct pattern_room *room)
{
    room_in_use = room;
}

static enum pattern_result give_up(void)
{
    stopped++;
    return PATTERN_LIMIT;
}

uint64_t pattern_stopped(void)
{
    return stopped;
}

static enum pattern_result match(const struct search *s, struct arena *mem, struct pattern_match *m)
{
    const struct pattern *p = s->p;
    struct slice text = s->text;
    struct pattern_room own, *room = room_in_use;
    if (!room) {
        pcre2_general_context *g = pcre2_general_context_create(from_arena, to_arena, mem);
        if (!g || !room_init(&own, g))
            return give_up();
        room = &own;
    }
    const uint8_t *bytes = text.n ? text.p : (const uint8_t *)"";
    int n = pcre2_match(p->code, bytes, text.n, s->from, s->options, room->data, room->context);
    if (n == PCRE2_ERROR_NOMATCH)
        return PATTERN_NO;
    if (n < 0)
        return give_up();
    uint32_t groups = 0;
    pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    m->n = groups + 1 < PATTERN_GROUPS_MAX ? groups + 1 : PATTERN_GROUPS_MAX;
    const PCRE2_SIZE *place = pcre2_get_ovector_pointer(room->data);
    for (unsigned i = 0; i < m->n; i++) {
        bool there = (int)i < n && place[2 * i] != PCRE2_UNSET;
        m->group[i] = there ? slice_of(bytes + place[2 * i], place[2 * i + 1] - place[2 * i])
                            : slice_of(NULL, 0);
    }
    return PATTERN_YES;
}

static enum pattern_result find_text(const struct search *s, struct pattern_match *m)
{
    const struct pattern *p = s->p;
    const uint8_t *at = s->from < s->text.n ? s->text.p + s->from : NULL;
    const uint8_t *end = s->text.n ? s->text.p + s->text.n : NULL;
    for (; at && (at = memchr(at, p->literal[0], (size_t)(end - at))); at++) {
        if ((size_t)(end - at) < p->literal_n)
            return PATTERN_NO;
        if (memcmp(at, p->literal, p->literal_n) == 0) {
            m->n = 1;
            m->group[0] = slice_of(at, p->literal_n);
            return PATTERN_YES;
        }
    }
    return PATTERN_NO;
}

enum pattern_result pattern_find(const struct pattern *p, struct slice text, size_t from,
                                 struct arena *mem, struct pattern_match *m)
{
    struct search s = { p, text, from, 0 };
    return p->literal_n ? find_text(&s, m) : match(&s, mem, m);
}

enum pattern_result pattern_whole(const struct pattern *p, struct slice text, struct arena *mem)
{
    struct pattern_match m;
    if (!slice_starts(text, slice_of(p->prefix, p->prefix_n)))
        return PATTERN_NO;
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

bool pattern_name(const struct pattern *p, unsigned i, struct slice *name, unsigned *group)
{
    uint32_t n = 0, size = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &n);
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
    if (i >= n)
        return false;
    const uint8_t *row = table + (size_t)i * size; /* two bytes of number, then the name */
    *group = (unsigned)row[0] << 8 | row[1];
    *name = slice_cstr((const char *)row + 2);
    return true;
}
