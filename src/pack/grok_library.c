/* A user's grok patterns: files of lines, with the place of every mistake. */
#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/hash.h"
#include "pack/grok.h"

#define SLOTS      (2 * GROK_PATTERNS_MAX)
#define LINE_BYTES 4096

struct entry {
    struct slice name, text;
    struct place at;  /* of the text */
    unsigned name_at; /* its column */
    unsigned nests;   /* patterns in patterns below it; known when seen */
    enum { NEW, ASKED, SEEN } state;
};

struct grok_library {
    struct arena *mem;
    struct entry *entry; /* GROK_PATTERNS_MAX, once there is one */
    unsigned n;
    uint16_t slot[SLOTS]; /* open addressing, entry + 1; 0: free */
};

static _Thread_local const struct grok_library *compiling;

void grok_compile_with(const struct grok_library *lib)
{
    compiling = lib;
}

const struct grok_library *grok_compiling(void)
{
    return compiling;
}

struct grok_library *grok_library_new(struct arena *mem)
{
    struct grok_library *lib = arena_zalloc(mem, sizeof *lib);
    if (lib)
        lib->mem = mem;
    return lib;
}

unsigned grok_library_count(const struct grok_library *lib)
{
    return lib ? lib->n : 0;
}

/* Where the name is, or could be put. The names are their owner's: nobody attacks with them. */
static uint16_t *slot_of(const struct grok_library *lib, struct slice name)
{
    static const struct hash_key key = { 0x67726f6b, 0x776972656c756d65 };
    uint32_t i = (uint32_t)hash_bytes(&key, name.p, name.n) % SLOTS;
    while (lib->slot[i] && !slice_eq(lib->entry[lib->slot[i] - 1].name, name))
        i = (i + 1) % SLOTS;
    return (uint16_t *)(uintptr_t)&lib->slot[i];
}

struct slice grok_library_find(const struct grok_library *lib, struct slice name)
{
    uint16_t at = *slot_of(lib, name);
    return at ? lib->entry[at - 1].text : slice_of(NULL, 0);
}

struct slice grok_library_at(const struct grok_library *lib, unsigned i, struct slice *name)
{
    *name = lib->entry[i].name;
    return lib->entry[i].text;
}

/* ---- reading */

static bool is_name(uint8_t b)
{
    uint8_t l = ascii_lower(b);
    return (l >= 'a' && l <= 'z') || (b >= '0' && b <= '9') || b == '_';
}

static bool is_blank(uint8_t b)
{
    return b == ' ' || b == '\t';
}

static bool is_new(struct grok_library *lib, const struct entry *e, struct mistakes *wrong)
{
    struct place at = { e->at.file, e->at.line, e->name_at };
    uint16_t there = *slot_of(lib, e->name);
    const struct entry *other = there ? &lib->entry[there - 1] : NULL;
    int n = (int)slice_first(e->name, 60).n;
    if (other)
        mistake_add(wrong, at,
                    "the pattern '%.*s' is there already, at %s:%u (mend: a name of its own)", n,
                    e->name.p, other->at.file, other->at.line);
    else if (grok_has(NULL, e->name))
        mistake_add(wrong, at, "'%.*s' is a built-in pattern (mend: a name of its own)", n,
                    e->name.p);
    else if (lib->n == GROK_PATTERNS_MAX)
        mistake_add(wrong, at, "more than %d grok patterns", GROK_PATTERNS_MAX);
    else
        return true;
    return false;
}

static void add(struct grok_library *lib, const struct entry *e, struct mistakes *wrong)
{
    if (!lib->entry)
        lib->entry = arena_alloc(lib->mem, GROK_PATTERNS_MAX * sizeof *lib->entry);
    if (!lib->entry || !is_new(lib, e, wrong))
        return; /* memory that is out is told by who owns it */
    uint16_t *slot = slot_of(lib, e->name);
    lib->entry[lib->n++] = *e;
    *slot = (uint16_t)lib->n;
}

static void read_line(struct grok_library *lib, struct slice line, struct place at,
                      struct mistakes *wrong)
{
    size_t from = 0, end, text;
    while (from < line.n && is_blank(line.p[from]))
        from++;
    if (from == line.n || line.p[from] == '#')
        return;
    for (end = from; end < line.n && is_name(line.p[end]);)
        end++;
    for (text = end; text < line.n && is_blank(line.p[text]);)
        text++;
    at.col = (unsigned)end + 1;
    if (end == from || (end < line.n && !is_blank(line.p[end])))
        mistake_add(wrong, at, "a name is letters, digits and '_', with the pattern behind it");
    else if (text == line.n)
        mistake_add(wrong, at, "'%.*s' has no pattern (mend: NAME pattern)",
                    (int)slice_first(line, 60).n, line.p);
    else if (line.n > LINE_BYTES)
        mistake_add(wrong, at, "the line is longer than %d bytes", LINE_BYTES);
    else
        add(lib,
            &(struct entry){ .name = slice_of(line.p + from, end - from),
                             .text = slice_after(line, text),
                             .at = { at.file, at.line, (unsigned)text + 1 },
                             .name_at = (unsigned)from + 1 },
            wrong);
}

void grok_library_read(struct grok_library *lib, const char *file, struct slice text,
                       struct mistakes *wrong)
{
    struct place at = { file, 0, 0 };
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        text = slice_after(text, 3);
    while (text.n) {
        ptrdiff_t end = slice_find(text, '\n');
        struct slice line = end < 0 ? text : slice_first(text, (size_t)end);
        text = slice_after(text, line.n + 1);
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        at.line++;
        read_line(lib, line, at, wrong);
    }
}

/* ---- checking */

/* The next %{reference}: its bytes from *at on. False at the end; whole: it is closed. */
static bool next_reference(struct slice text, size_t *at, struct slice *inner, bool *whole)
{
    ptrdiff_t found = slice_search(slice_after(text, *at), SLICE("%{"));
    if (found < 0)
        return false;
    *at += (size_t)found;
    struct slice rest = slice_after(text, *at + 2);
    ptrdiff_t end = slice_find(rest, '}');
    *whole = end >= 0;
    *inner = slice_first(rest, *whole ? (size_t)end : rest.n);
    return true;
}

static struct place place_in(const struct entry *e, size_t offset)
{
    return (struct place){ e->at.file, e->at.line, e->at.col + (unsigned)offset };
}

/* With each reference as a group of the same length: pcre2's place is ours. */
static bool check_regex(const struct entry *e, struct mistakes *wrong)
{
    uint8_t alone[LINE_BYTES];
    struct slice inner;
    bool whole;
    int code = 0;
    PCRE2_SIZE place = 0;
    PCRE2_UCHAR words[160] = "";
    memcpy(alone, e->text.p, e->text.n);
    for (size_t at = 0; next_reference(e->text, &at, &inner, &whole); at += inner.n + 3) {
        if (!whole) {
            mistake_add(wrong, place_in(e, at), "'%%{' without its '}'");
            return false;
        }
        memset(alone + at, 'x', inner.n + 3);
        if (inner.n) {
            memcpy(alone + at, "(?:", 3);
            alone[at + inner.n + 2] = ')';
        }
    }
    pcre2_code *made =
        pcre2_compile(alone, e->text.n, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &place, NULL);
    bool good = made != NULL;
    pcre2_code_free(made);
    if (good)
        return true;
    pcre2_get_error_message(code, words, sizeof words);
    mistake_add(wrong, place_in(e, place < e->text.n ? place : e->text.n), "%s",
                (const char *)words);
    return false;
}

struct check {
    struct grok_library *lib;
    struct mistakes *wrong;
    unsigned depth;
};

static bool nests(struct check *c, struct entry *e);

static bool check_reference(struct check *c, struct entry *e, size_t at, struct slice inner)
{
    struct slice name = grok_split(&inner);
    uint16_t there = *slot_of(c->lib, name);
    struct entry *other = there ? &c->lib->entry[there - 1] : NULL;
    int n = (int)slice_first(name, 60).n;
    if (!other && grok_has(NULL, name))
        return true;
    if (!other) {
        mistake_add(c->wrong, place_in(e, at), "there is no pattern '%.*s'", n, name.p);
    } else if (other->state == ASKED) {
        mistake_add(c->wrong, place_in(e, at), "the pattern '%.*s' needs itself", n, name.p);
    } else if (nests(c, other)) {
        e->nests = other->nests + 1 > e->nests ? other->nests + 1 : e->nests;
        return true;
    }
    return false;
}

/* False: a mistake was told, of e or of one below it. */
static bool nests(struct check *c, struct entry *e)
{
    struct slice inner;
    bool whole, good = c->depth <= GROK_NESTS_MAX;
    if (e->state == SEEN)
        return true;
    e->state = ASKED;
    c->depth++;
    for (size_t at = 0; good && next_reference(e->text, &at, &inner, &whole); at += inner.n + 3)
        good = check_reference(c, e, at, inner);
    c->depth--;
    e->state = SEEN;
    if (c->depth > GROK_NESTS_MAX || (good && e->nests >= GROK_NESTS_MAX)) {
        mistake_add(c->wrong, e->at, "patterns nest deeper than %d", GROK_NESTS_MAX);
        good = false;
    }
    return good;
}

static void check_whole(struct grok_library *lib, const struct entry *e, struct mistakes *wrong)
{
    struct arena mem;
    struct why w;
    arena_init(&mem, NULL, 0);
    if (!grok_make(&mem, lib, e->text, false, &w))
        mistake_add(wrong, e->at, "with the patterns in it: %s", w.text);
    arena_free(&mem);
}

void grok_library_check(struct grok_library *lib, struct mistakes *wrong)
{
    struct check c = { lib, wrong, 0 };
    unsigned before = wrong->n;
    for (unsigned i = 0; i < lib->n; i++)
        check_regex(&lib->entry[i], wrong);
    for (unsigned i = 0, n = wrong->n; i < lib->n && n == before; i++)
        nests(&c, &lib->entry[i]);
    for (unsigned i = 0; i < lib->n && wrong->n == before; i++)
        check_whole(lib, &lib->entry[i], wrong);
}
