/* Fuzz target: JSON lines of messages to columns and back, by the quick reader and by the careful
 * one. What the quick one takes is what the other makes of it (but for names that stand
 * twice in an object inside, which no message has); what is joined again
 * is split into the same; the members of what is left over are those that a JSON reader sees. */
#include <stdlib.h>
#include <string.h>

#include "store/columns.h"

#define ROOM ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct jsondoc doc;
static struct column_scanner *scanner;
static uint8_t *room[7];

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static void start(void)
{
    jsondoc_init(&doc, 1 << 16);
    scanner = column_scanner_new();
    for (unsigned i = 0; i < COUNT(room); i++)
        room[i] = malloc(ROOM);
}

static bool same_value(const struct duck_value *a, const struct duck_value *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind == DUCK_TEXT ? slice_eq(a->text, b->text) : a->kind == DUCK_NULL || a->i == b->i;
}

static void expect_same(const struct message_row *a, const struct message_row *b)
{
    for (int i = 0; i < COLUMNS_N; i++)
        require(same_value(&a->v[i], &b->v[i]));
}

/* Numbers beyond all doubles: message_json writes them as texts, so none comes here. */
static bool has_infinite(struct slice text)
{
    memcpy(room[5], text.p, text.n);
    if (jsondoc_read(&doc, room[5], text.n, 0) != JSONDOC_OK)
        return false;
    for (uint32_t i = 0; i < doc.n; i++)
        if (doc.node[i].type == JD_DOUBLE && doc.node[i].d - doc.node[i].d != 0)
            return true;
    return false;
}

/* text is copied to `at`, its columns stand in `mem`. */
static err split(struct slice text, uint8_t *at, uint8_t *mem, struct message_row *row)
{
    struct why w;
    struct buf b = buf_of(mem, ROOM);
    memcpy(at, text.p, text.n);
    return columns_split(row, &doc, slice_of(at, text.n), &b, &w);
}

static void count(void *ctx, struct slice name, enum member_kind kind)
{
    unsigned *n = ctx;
    (void)name;
    require(kind <= MEMBER_OBJECT);
    ++*n;
}

static void check_members(struct slice rest)
{
    unsigned n = 0, want = 0;
    if (!rest.n || !columns_members(rest, count, &n))
        return;
    memcpy(room[5], rest.p, rest.n);
    require(jsondoc_read(&doc, room[5], rest.n, 0) == JSONDOC_OK);
    for (uint32_t i = doc.node[0].child; i; i = doc.node[i].next)
        want += doc.node[i].type != JD_NULL;
    require(n == want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct message_row quick, careful, again;
    if (!scanner)
        start();
    if (n + JSONDOC_PAD > ROOM / 16)
        return 0;
    uint8_t *exact = malloc(n);
    if (n)
        memcpy(exact, data, n);
    struct slice text = slice_of(exact, n);
    if (has_infinite(text)) {
        free(exact);
        return 0;
    }
    struct buf mem = buf_of(room[0], ROOM), out = buf_of(room[3], ROOM - JSONDOC_PAD);
    bool taken = columns_scan(scanner, text, &quick, &mem);
    err rc = split(text, room[1], room[2], &careful);
    require(!taken || !rc);
    if (taken) {
        require(columns_join(&quick, &out) || out.full);
        require(out.full || !split(buf_slice(&out), room[6], room[4], &again));
        expect_same(&quick, &careful);
        require(out.full || slice_eq(again.doc, careful.doc));
        out.n = 0;
    }
    if (!rc && columns_join(&careful, &out)) {
        require(!split(buf_slice(&out), room[6], room[4], &again));
        expect_same(&careful, &again);
        check_members(again.doc);
    }
    free(exact);
    return 0;
}
