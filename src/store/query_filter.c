/* A tree of Graylog's search syntax as an SQL condition; query.h has the rules. NULL is as good as
 * false everywhere but under NOT, where it is made false first. */
#include "store/query_private.h"

#define PATTERN_BYTES ((size_t)256 << 10)
#define DECIMAL_BYTES 40

/* A value as a condition sees it. */
struct operand {
    const struct search_node *node;
    struct sql_field field;
    enum sql_shape shape;
    const char *sql; /* what gives it as text; NULL: the field itself */
};

#define ELEMENT      "(x->>'$')" /* of a list, inside of its lambda */
#define WORD_PATTERN "'[" QUERY_WORD_CHARS "]+(?:[.''][" QUERY_WORD_CHARS "]+)*'"

/* ---- small pieces */

static struct slice pattern(struct sql *s, struct slice of,
                            bool (*make)(struct buf *, struct slice), const struct search_node *n)
{
    size_t cap = 64 + of.n * 8 > PATTERN_BYTES ? PATTERN_BYTES : 4096 + of.n * 8;
    struct buf b = buf_of(arena_alloc(s->mem, cap), cap);
    if (!b.p || !make(&b, of) || b.full) {
        sql_fail(s, n, ERR_LIMIT, "this pattern is too large");
        return slice_of(NULL, 0);
    }
    return buf_slice(&b);
}

/* The number of an address, as SQL writes it. */
static void put_address(struct sql *s, const struct addr *a)
{
    char digits[DECIMAL_BYTES + 1], *p = digits + DECIMAL_BYTES;
    unsigned __int128 v = 0;
    for (unsigned i = 0; i < sizeof a->b; i++)
        v = v << 8 | a->b[i];
    *p = '\0';
    do
        *--p = (char)('0' + (int)(v % 10));
    while (v /= 10);
    sql_printf(s, "%s::UHUGEINT", p);
}

/* The text of an operand. */
static void put_text(struct sql *s, const struct operand *o)
{
    if (o->sql)
        sql_put(s, o->sql);
    else
        sql_field_put(s, &o->field, o->shape);
}

/* The text as it is compared: without case where the field has none. */
static void put_cased(struct sql *s, const struct operand *o)
{
    bool lower = o->field.text == QUERY_LOWER;
    sql_put(s, lower ? "lower(" : "(");
    put_text(s, o);
    sql_put(s, ")");
}

static void put_typed(struct sql *s, const struct operand *o, struct slice typed)
{
    bool lower = o->field.text == QUERY_LOWER;
    sql_put(s, lower ? "lower(" : "(");
    sql_text(s, typed);
    sql_put(s, "::VARCHAR)");
}

/* ---- ranges, which comparisons are too */

struct range {
    struct slice low, high; /* NULL pointer: open */
    bool low_open, high_open;
};

static bool compares_addresses(const struct range *r, struct query_addresses *low,
                               struct query_addresses *high)
{
    if ((r->low.p && !query_addresses_read(r->low, low)) ||
        (r->high.p && !query_addresses_read(r->high, high)))
        return false;
    return r->low.p || r->high.p;
}

static void put_addresses(struct sql *s, const struct operand *o, const struct range *r)
{
    struct query_addresses low, high;
    (void)compares_addresses(r, &low, &high);
    if (r->low.p) {
        sql_put(s, "wirelume_address(");
        put_text(s, o);
        sql_put(s, r->low_open ? ")>" : ")>=");
        put_address(s, r->low_open ? &low.to : &low.from);
    }
    if (r->high.p) {
        sql_put(s, r->low.p ? " AND wirelume_address(" : "wirelume_address(");
        put_text(s, o);
        sql_put(s, r->high_open ? ")<" : ")<=");
        put_address(s, r->high_open ? &high.from : &high.to);
    }
}

static void put_text_range(struct sql *s, const struct operand *o, const struct range *r)
{
    struct query_addresses low, high;
    if (compares_addresses(r, &low, &high)) {
        put_addresses(s, o, r);
        return;
    }
    sql_put(s, r->low.p || r->high.p ? "" : "TRUE");
    if (r->low.p) {
        put_cased(s, o);
        sql_put(s, r->low_open ? ">" : ">=");
        put_typed(s, o, r->low);
    }
    if (r->high.p) {
        sql_put(s, r->low.p ? " AND " : "");
        put_cased(s, o);
        sql_put(s, r->high_open ? "<" : "<=");
        put_typed(s, o, r->high);
    }
}

/* One end of a range of numbers. */
static void put_bound(struct sql *s, const char *value, const char *op,
                      const struct query_number *n)
{
    if (n->is_int)
        sql_printf(s, "%s%s%lld", value, op, (long long)n->i);
    else
        sql_printf(s, "%s%s%.17g::DOUBLE", value, op, n->d);
}

/* value: an SQL expression that is a number. */
static void put_number_range(struct sql *s, const char *value, const struct range *r)
{
    struct query_number low, high;
    if ((r->low.p && !query_number_read(r->low, &low)) ||
        (r->high.p && !query_number_read(r->high, &high))) {
        sql_put(s, "FALSE");
        return;
    }
    sql_put(s, r->low.p || r->high.p ? "" : "TRUE");
    if (r->low.p)
        put_bound(s, value, r->low_open ? ">" : ">=", &low);
    if (r->low.p && r->high.p)
        sql_put(s, " AND ");
    if (r->high.p)
        put_bound(s, value, r->high_open ? "<" : "<=", &high);
}

static void put_time_range(struct sql *s, const char *value, const struct range *r)
{
    int64_t low[2], high[2];
    if ((r->low.p && !query_date_read(r->low, s->now_ms, &low[0], &low[1])) ||
        (r->high.p && !query_date_read(r->high, s->now_ms, &high[0], &high[1]))) {
        sql_put(s, "FALSE");
        return;
    }
    sql_put(s, r->low.p || r->high.p ? "" : "TRUE");
    if (r->low.p)
        sql_printf(s, "%s>=make_timestamp(%lld)", value, (long long)low[r->low_open]);
    if (r->low.p && r->high.p)
        sql_put(s, " AND ");
    if (r->high.p)
        sql_printf(s, "%s<make_timestamp(%lld)", value, (long long)high[!r->high_open]);
}

/* Words: one of them is in the range. */
static void put_word_range(struct sql *s, const struct operand *o, const struct range *r)
{
    struct operand word = *o;
    word.field.text = QUERY_LOWER;
    word.sql = "w";
    sql_put(s, "len(list_filter(regexp_extract_all(");
    put_text(s, o);
    sql_put(s, "," WORD_PATTERN "),lambda w:");
    put_text_range(s, &word, r);
    sql_put(s, "))>0");
}

/* ---- text of any kind of search */

static bool like_of(struct buf *b, struct slice text)
{
    query_pattern_like(b, text);
    return true;
}

static void put_phrase(struct sql *s, const struct operand *o)
{
    const struct search_node *n = o->node;
    size_t cap = 4096 + n->low.n * 8 + 64 * 512;
    struct buf b = buf_of(arena_alloc(s->mem, cap), cap);
    bool good = b.p && query_pattern_words(&b, n->low, n->op == SEARCH_PHRASE, n->edits);
    if (!b.p || b.full) {
        sql_fail(s, n, ERR_LIMIT, "this phrase is too long, or its words too far apart");
    } else if (!good) {
        sql_put(s, "FALSE"); /* no word in it, as the standard analyzer has it */
    } else {
        sql_put(s, "regexp_matches(");
        put_text(s, o);
        sql_put(s, ",");
        sql_text(s, buf_slice(&b));
        sql_put(s, ")");
    }
}

/* The value itself, or the same address or network written otherwise. */
static void put_equal(struct sql *s, const struct operand *o)
{
    struct query_addresses a;
    struct slice v = o->node->low;
    if (o->field.text == QUERY_WORDS) {
        put_phrase(s, o);
        return;
    }
    bool address = query_addresses_read(v, &a), network = address && !addr_eq(&a.from, &a.to);
    bool v6 = address && slice_find(v, ':') >= 0; /* may be written in several ways */
    if (network || v6) {
        sql_put(s, "(");
        put_addresses(s, o, &(struct range){ .low = v, .high = v });
        sql_put(s, ") OR ");
    }
    put_cased(s, o);
    sql_put(s, "=");
    put_typed(s, o, v);
}

static void put_wildcard(struct sql *s, const struct operand *o, struct slice wildcard)
{
    bool words = o->field.text == QUERY_WORDS;
    struct slice p = pattern(s, wildcard, words ? query_pattern_wildcard : like_of, o->node);
    sql_put(s, words ? "regexp_matches(" : "");
    if (words)
        put_text(s, o);
    else
        put_cased(s, o);
    sql_put(s, words ? "," : " LIKE ");
    if (words)
        sql_text(s, p);
    else
        put_typed(s, o, p);
    sql_put(s, words ? ")" : " ESCAPE '\\'");
}

/* A prefix has no escapes any more. */
static struct slice prefix_wildcard(struct sql *s, struct slice prefix)
{
    struct buf b = buf_of(arena_alloc(s->mem, 2 * prefix.n + 1), 2 * prefix.n + 1);
    for (size_t i = 0; b.p && i < prefix.n; i++) {
        if (prefix.p[i] == '*' || prefix.p[i] == '?' || prefix.p[i] == '\\')
            buf_u8(&b, '\\');
        buf_u8(&b, prefix.p[i]);
    }
    buf_u8(&b, '*');
    return buf_slice(&b);
}

static void put_regex(struct sql *s, const struct operand *o)
{
    static const char *const begin[] = { "(?s)", "(?is)", "(?is)" QUERY_WORD_BEGIN "(?:" };
    bool words = o->field.text == QUERY_WORDS;
    const struct search_node *n = o->node;
    size_t bad, cap = 8192 + n->low.n * 64;
    struct buf b = buf_of(arena_alloc(s->mem, cap), cap);
    buf_cstr(&b, begin[o->field.text]);
    bool good = query_pattern_regex(&b, n->low, words ? "[" QUERY_WORD_CHARS ".']" : NULL, &bad);
    buf_cstr(&b, words ? ")" QUERY_WORD_END : "");
    if (!good)
        sql_fail(s, n, ERR_FORMAT,
                 "this regular expression is not supported from byte %zu on (no ~, &, <1-9>; "
                 "repeats up to 1000)",
                 bad);
    else if (b.full)
        sql_fail(s, n, ERR_LIMIT, "this regular expression is too large");
    sql_put(s, words ? "regexp_matches(" : "regexp_full_match(");
    put_text(s, o);
    sql_put(s, ",");
    sql_text(s, buf_slice(&b));
    sql_put(s, ")");
}

static void put_fuzzy(struct sql *s, const struct operand *o)
{
    bool words = o->field.text == QUERY_WORDS;
    if (words) {
        sql_put(s, "len(list_filter(regexp_extract_all(lower(");
        put_text(s, o);
        sql_put(s, ")," WORD_PATTERN "),lambda w:damerau_levenshtein(w,lower(");
        sql_text(s, o->node->low);
        sql_printf(s, "::VARCHAR))<=%u))>0", o->node->edits);
        return;
    }
    sql_put(s, "damerau_levenshtein(");
    put_cased(s, o);
    sql_put(s, ",");
    put_typed(s, o, o->node->low);
    sql_printf(s, ")<=%u", o->node->edits);
}

/* >5, <=5: in front of a term of a field. */
static bool is_comparison(const struct search_node *n, struct range *r)
{
    struct slice v = n->low;
    if (n->op != SEARCH_TERM || v.n < 2 || !n->field.n || (*v.p != '<' && *v.p != '>'))
        return false;
    bool equal = v.p[1] == '=';
    struct slice rest = slice_after(v, equal ? 2 : 1);
    *r = (struct range){ 0 };
    if (*v.p == '>')
        r->low = rest, r->low_open = !equal;
    else
        r->high = rest, r->high_open = !equal;
    return rest.n > 0;
}

static bool is_range(const struct search_node *n, struct range *r)
{
    if (n->op != SEARCH_RANGE)
        return is_comparison(n, r);
    *r = (struct range){ n->low, n->high, n->low_open, n->high_open };
    return true;
}

static void put_text_search(struct sql *s, const struct operand *o)
{
    const struct search_node *n = o->node;
    struct range r;
    if (is_range(n, &r)) {
        if (o->field.text == QUERY_WORDS)
            put_word_range(s, o, &r);
        else
            put_text_range(s, o, &r);
        return;
    }
    switch (n->op) {
    case SEARCH_PREFIX:
        put_wildcard(s, o, prefix_wildcard(s, n->low));
        break;
    case SEARCH_WILDCARD:
        put_wildcard(s, o, n->low);
        break;
    case SEARCH_REGEX:
        put_regex(s, o);
        break;
    case SEARCH_FUZZY:
        put_fuzzy(s, o);
        break;
    default:
        put_equal(s, o);
    }
}

/* ---- values that are no text */

static bool is_pattern(const struct search_node *n)
{
    return n->op == SEARCH_PREFIX || n->op == SEARCH_WILDCARD || n->op == SEARCH_REGEX;
}

/* Patterns are matched with the text of a number, a time, a bool. */
static void put_other_pattern(struct sql *s, const struct operand *o, const char *text)
{
    struct operand other = *o;
    other.field.text = QUERY_KEYWORD;
    other.sql = text;
    put_text_search(s, &other);
}

/* value: SQL that is a number. */
static void put_number_search(struct sql *s, const struct operand *o, const char *value)
{
    struct query_number v;
    struct range r;
    if (is_range(o->node, &r))
        put_number_range(s, value, &r);
    else if (o->node->op != SEARCH_FUZZY && query_number_read(o->node->low, &v))
        put_bound(s, value, "=", &v);
    else
        sql_put(s, "FALSE");
}

static void put_time_search(struct sql *s, const struct operand *o, const char *value)
{
    struct range r;
    if (!is_range(o->node, &r))
        r = (struct range){ .low = o->node->low, .high = o->node->low };
    put_time_range(s, value, &r);
}

static void put_bool_search(struct sql *s, const struct operand *o, const char *value)
{
    struct slice v = o->node->low;
    bool exact = o->node->op == SEARCH_TERM || o->node->op == SEARCH_PHRASE;
    if (exact && slice_eq(v, SLICE("true")))
        sql_put(s, value);
    else if (exact && slice_eq(v, SLICE("false")))
        sql_printf(s, "NOT %s", value);
    else
        sql_put(s, "FALSE");
}

static void put_column_search(struct sql *s, const struct operand *o)
{
    const char *name = (const char *)columns[o->field.column].name.p;
    char text[128];
    bool time = o->field.kind == COLUMN_TIME;
    if (o->field.kind == COLUMN_TEXT) {
        put_text_search(s, o);
        return;
    }
    s->columns |= (uint64_t)1 << o->field.column;
    snprintf(text, sizeof text, time ? "strftime(%s,'%%Y-%%m-%%d %%H:%%M:%%S.%%g')" : "%s::VARCHAR",
             name);
    if (is_pattern(o->node))
        put_other_pattern(s, o, text);
    else if (time)
        put_time_search(s, o, name);
    else if (o->field.kind == COLUMN_INT)
        put_number_search(s, o, name);
    else
        put_bool_search(s, o, name);
}

/* ---- JSON: a value, or a list of which one must match */

static void put_element_search(struct sql *s, const struct operand *o)
{
    struct operand x = *o;
    struct range r;
    struct query_number v;
    bool pattern = is_pattern(o->node) || o->node->op == SEARCH_FUZZY;
    bool numeric = !pattern && (is_range(o->node, &r) || query_number_read(o->node->low, &v));
    x.sql = ELEMENT;
    if (numeric) {
        sql_put(s, "CASE WHEN json_type(x) IN ('BIGINT','UBIGINT','DOUBLE','HUGEINT','UHUGEINT') "
                   "THEN ");
        put_number_search(s, &x, "TRY_CAST(" ELEMENT " AS DOUBLE)");
        sql_put(s, " ELSE ");
    }
    sql_put(s, "(");
    if (o->field.column == COLUMN_timestamp && !pattern)
        put_time_search(s, &x, "TRY_CAST(" ELEMENT " AS TIMESTAMP)");
    else
        put_text_search(s, &x);
    sql_put(s, numeric ? ") END" : ")");
}

#define LIST_OF_OPEN "flatten(list_transform("
#define LIST_OF_CLOSE                                                                              \
    ",lambda j:CASE json_type(j) WHEN 'ARRAY' THEN json_extract(j,'$[*]') ELSE [j] END))"

void sql_list(struct sql *s, const struct sql_field *f, enum sql_shape shape)
{
    sql_put(s, LIST_OF_OPEN "[");
    sql_field_put(s, f, shape);
    sql_put(s, "]" LIST_OF_CLOSE);
}

/* Strings of doc that stand in it as they are: finding one is much faster than reading doc. */
static bool put_needle(struct sql *s, const struct operand *o, bool quotes)
{
    struct query_number v;
    const struct search_node *n = o->node;
    struct range r;
    if ((n->op != SEARCH_TERM && n->op != SEARCH_PHRASE) || is_range(n, &r) ||
        (quotes && (query_number_read(n->low, &v) || slice_find(n->low, '/') >= 0 ||
                    slice_find(n->low, ':') >= 0 || slice_eq(n->low, SLICE("true")) ||
                    slice_eq(n->low, SLICE("false")))))
        return false;
    size_t cap = n->low.n * 6 + 2;
    uint8_t *text = arena_alloc(s->mem, cap);
    struct buf b = buf_of(text, text ? cap : 0);
    jsondoc_string(&b, n->low, false);
    if (b.full || b.n < 2)
        return false;
    s->doc = true;
    sql_put(s, "CASE WHEN contains(doc,");
    sql_text(s, quotes ? buf_slice(&b) : slice_of(b.p + 1, b.n - 2));
    sql_put(s, ") THEN ");
    return true;
}

static void put_json_search(struct sql *s, const struct operand *o)
{
    bool needle = o->field.column < 0 && o->field.text == QUERY_KEYWORD && put_needle(s, o, true);
    sql_put(s, "len(list_filter(");
    sql_list(s, &o->field, o->shape);
    sql_put(s, ",lambda x:");
    put_element_search(s, o);
    sql_put(s, needle ? "))>0 ELSE FALSE END" : "))>0");
}

static void put_field_search(struct sql *s, const struct search_node *n, struct slice name,
                             enum sql_shape shape)
{
    struct operand o = { .node = n, .field = sql_field_of(name, shape), .shape = shape };
    if (!o.field.exists)
        sql_put(s, "FALSE");
    else if (o.field.json)
        put_json_search(s, &o);
    else
        put_column_search(s, &o);
}

static void put_exists(struct sql *s, struct slice name, enum sql_shape shape)
{
    struct sql_field f = sql_field_of(name, shape);
    if (!f.exists) {
        sql_put(s, "FALSE");
    } else if (!f.json) {
        sql_field_put(s, &f, shape);
        sql_put(s, " IS NOT NULL");
    } else {
        sql_put(s, "len(list_filter(");
        sql_list(s, &f, shape);
        sql_put(s, ",lambda x:json_type(x)<>'NULL'))>0");
    }
}

/* ---- without a field */

/* Fields without a column; texts of them are keywords, but for full_message. */
static void put_doc_search(struct sql *s, const struct search_node *n)
{
    struct operand o = { .node = n, .field = { .column = -1 }, .sql = ELEMENT };
    sql_put(s, "(");
    put_field_search(s, n, SLICE("full_message"), SHAPE_COLUMNS);
    sql_put(s, ") OR ");
    bool needle = put_needle(s, &o, false);
    s->doc = true;
    sql_put(s, "len(list_filter(" LIST_OF_OPEN "TRY(json_extract(doc,'$.*'))" LIST_OF_CLOSE
               ",lambda x:");
    put_element_search(s, &o);
    sql_put(s, needle ? "))>0 ELSE FALSE END" : "))>0");
}

static void put_any_field(struct sql *s, const struct search_node *n)
{
    struct query_number v;
    struct range r;
    bool number = is_range(n, &r) || query_number_read(n->low, &v);
    bool truth = slice_eq(n->low, SLICE("true")) || slice_eq(n->low, SLICE("false"));
    for (unsigned i = 0; i < COLUMNS_N; i++) {
        enum column_kind kind = columns[i].kind;
        if (kind == COLUMN_TEXT || kind == COLUMN_LIST ||
            (kind == COLUMN_INT && number && !is_pattern(n)) || (kind == COLUMN_BOOL && truth)) {
            sql_put(s, "(");
            put_field_search(s, n, columns[i].name, SHAPE_COLUMNS);
            sql_put(s, ") OR ");
        }
    }
    put_doc_search(s, n);
}

/* ---- the tree */

static void put_leaf(struct sql *s, const struct search_node *n, enum sql_shape shape)
{
    bool star = n->op == SEARCH_WILDCARD && slice_eq(n->low, SLICE("*"));
    bool every = !n->field.n || slice_eq(n->field, SLICE("*"));
    if (n->op == SEARCH_ALL || (star && every))
        sql_put(s, "TRUE");
    else if (slice_eq(n->field, SLICE("_exists_")))
        put_exists(s, n->low, shape);
    else if (star)
        put_exists(s, n->field, shape);
    else if (every)
        put_any_field(s, n);
    else
        put_field_search(s, n, n->field, shape);
}

/* Clauses of one kind, joined by op. */
static void put_clauses(struct sql *s, const struct search_node *n, enum search_occur occur,
                        enum sql_shape shape)
{
    bool some = false;
    for (const struct search_node *c = n->first; c; c = c->next) {
        if (c->occur != occur)
            continue;
        if (some)
            sql_put(s, occur == SEARCH_SHOULD ? " OR " : " AND ");
        some = true;
        if (occur == SEARCH_MUST_NOT)
            sql_put(s, "NOT coalesce(");
        sql_filter(s, c, shape);
        if (occur == SEARCH_MUST_NOT)
            sql_put(s, ",FALSE)");
    }
}

static unsigned count(const struct search_node *n, enum search_occur occur)
{
    unsigned all = 0;
    for (const struct search_node *c = n->first; c; c = c->next)
        all += c->occur == occur;
    return all;
}

static void put_bool(struct sql *s, const struct search_node *n, enum sql_shape shape)
{
    enum search_occur must = count(n, SEARCH_MUST) ? SEARCH_MUST : SEARCH_SHOULD;
    bool yes = count(n, must) > 0, no = count(n, SEARCH_MUST_NOT) > 0;
    if (yes) {
        sql_put(s, "(");
        put_clauses(s, n, must, shape);
        sql_put(s, ")");
    }
    sql_put(s, yes && no ? " AND " : "");
    if (no)
        put_clauses(s, n, SEARCH_MUST_NOT, shape);
}

void sql_filter(struct sql *s, const struct search_node *n, enum sql_shape shape)
{
    sql_put(s, "(");
    if (n->op == SEARCH_BOOL)
        put_bool(s, n, shape);
    else
        put_leaf(s, n, shape);
    sql_put(s, ")");
}
