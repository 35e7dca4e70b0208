/* Graylog's search syntax: what is refused, and the tokens and terms of what is not. */
#include "lib/vectors.h"

#include "base/cursor.h"
#include "store/search.h"

/* A value of one word each, as Graylog's whitespace analyser cuts phrases. */
static void put_terms(struct buf *b, const struct search_node *n, struct slice value)
{
    struct slice field = n->field.n ? n->field : SLICE("_default_");
    if (n->op != SEARCH_PHRASE) {
        buf_printf(b, "%.*s=%.*s\n", (int)field.n, field.p, (int)value.n, value.p);
        return;
    }
    for (size_t i = 0; i < value.n;) {
        size_t from = i;
        while (i < value.n && value.p[i] != ' ')
            i++;
        if (i > from)
            buf_printf(b, "%.*s=%.*s\n", (int)field.n, field.p, (int)(i - from), value.p + from);
        while (i < value.n && value.p[i] == ' ')
            i++;
    }
}

static void put_node(struct buf *b, const struct search_node *n)
{
    for (const struct search_node *c = n->first; c; c = c->next)
        put_node(b, c);
    if (n->op == SEARCH_BOOL || n->op == SEARCH_ALL)
        return;
    put_terms(b, n, n->low);
    if (n->op == SEARCH_RANGE)
        put_terms(b, n, n->high);
}

static void put_wanted(struct vectors_case *c, struct buf *b)
{
    const struct jsondoc_node *terms = vectors_get(c, c->out, "terms");
    for (uint32_t i = terms ? terms->child : 0; i; i = c->doc->node[i].next) {
        const struct jsondoc_node *t = &c->doc->node[i];
        struct slice field = vectors_text(c, t, "field"), value = vectors_text(c, t, "value");
        buf_printf(b, "%.*s=%.*s\n", (int)field.n, field.p, (int)value.n, value.p);
    }
}

static bool same_tokens(struct vectors_case *c, const struct search *s)
{
    const struct jsondoc_node *want = vectors_get(c, c->out, "tokens");
    unsigned n = 0;
    for (uint32_t i = want ? want->child : 0; i; i = c->doc->node[i].next, n++) {
        struct slice w = jsondoc_str(&c->doc->node[i]);
        struct slice got = n < s->n_tokens ? s->token[n] : SLICE("");
        if (!slice_eq(w, got))
            return vectors_differ(c, "token", w, got);
    }
    return n == s->n_tokens + 1; /* the end is listed too */
}

/* Where Graylog met a token that it did not expect; not the end, whose place it gives one short. */
static bool same_place(struct vectors_case *c, const char *why)
{
    static const char met[] = "Encountered \" ", at[] = " at line ";
    struct slice text = vectors_text(c, c->out, "text");
    ptrdiff_t from = slice_search(text, slice_of(met, sizeof met - 1));
    if (from < 0)
        return true;
    text = slice_after(text, (size_t)from);
    text = slice_after(text, (size_t)slice_search(text, slice_of(at, sizeof at - 1)));
    char place[64];
    struct cursor ours = cur_of(slice_after(slice_cstr(why), sizeof "query:" - 1));
    struct slice line = cur_until(&ours, ':'), column = cur_until(&ours, ':');
    struct buf b = buf_of(place, sizeof place);
    buf_printf(&b, " at line %.*s, column %.*s.", (int)line.n, line.p, (int)column.n, column.p);
    return slice_starts(text, buf_slice(&b)) || vectors_differ(c, "place", text, slice_cstr(why));
}

static bool one(struct vectors_case *c)
{
    static char got[16384], want[16384];
    struct buf g = buf_of(got, sizeof got), w = buf_of(want, sizeof want);
    struct search s;
    struct why why = { "" };
    struct search_conf conf = { .leading_wildcard =
                                    vectors_get(c, c->line, "allow_leading_wildcard")->i != 0 };
    err rc = search_parse(&s, vectors_text(c, c->line, "query"), &conf, c->mem, &why);
    bool ok = vectors_get(c, c->out, "ok")->i != 0;
    if (ok != (rc == ERR_OK))
        return vectors_differ(c, "parsed", SLICE(""), slice_cstr(rc ? why.text : "without error"));
    if (!ok)
        return same_place(c, why.text);
    put_node(&g, s.root);
    put_wanted(c, &w);
    if (!slice_eq(buf_slice(&g), buf_slice(&w)))
        return vectors_differ(c, "terms", buf_slice(&w), buf_slice(&g));
    return same_tokens(c, &s);
}

int main(void)
{
    return vectors_run("search-syntax.ndjson", one);
}
