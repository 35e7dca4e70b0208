/* What the files of the query compiler share. A request becomes SQL of DuckDB: names of fields and
 * numbers are written into it, what users typed is bound. */
#pragma once

#include "store/codes.h"
#include "store/query.h"
#include "store/search.h"

#define QUERY_MS_MIN      (-INT64_C(62167219200000)) /* the beginning of the year 0 */
#define QUERY_MS_MAX      253402300799999            /* the end of the year 9999 */
#define QUERY_SPLIT_MAX   100
#define QUERY_COLUMNS_MAX 256
#define QUERY_OFFSET_MAX  10000
#define QUERY_SQL_BYTES   ((size_t)4 << 20)
#define QUERY_PARAMS_MAX  4096
#define QUERY_EXACT_ROWS  20000000 /* percentiles keep every value up to here, then a sketch */

/* The part of us (microseconds, also before 1970) behind the last whole step. */
static inline int64_t query_us_in(int64_t us, int64_t step)
{
    int64_t in = us % step;
    return in < 0 ? in + step : in;
}

/* ---- fields (query_field.c) */

/* How texts of a field are searched; query.h has the rules. */
enum query_text { QUERY_KEYWORD, QUERY_LOWER, QUERY_WORDS };

/* Letters, digits and _ . @ -, as Graylog's names of fields are; others are in no message. */
bool query_name_ok(struct slice name);
enum query_text query_text_of(struct slice name);

/* ---- numbers, addresses (query_value.c) */

struct query_number {
    bool is_int;
    int64_t i;
    double d;
};
/* A decimal number, whole text. */
bool query_number_read(struct slice text, struct query_number *out);

struct query_addresses {
    struct addr from, to; /* both included */
};
/* "10.0.0.0/8" or an address alone. */
bool query_addresses_read(struct slice text, struct query_addresses *out);

/* ---- patterns for RE2 (query_pattern.c), NUL-free, in out */

/* Lucene's regular expression. inner: what "." may be; NULL: anything. False: at *bad bytes stands
 * what is not supported. */
bool query_pattern_regex(struct buf *out, struct slice lucene, const char *inner, size_t *bad);

/* Words of text, each as a pattern: any of them, or (phrase) all in a row with up to slop words
 * between (too many: out is full). False: there is no word in it. */
bool query_pattern_words(struct buf *out, struct slice text, bool phrase, unsigned slop);

/* * and ? with escapes, to LIKE with \ as its escape; and to a pattern of one word (false: it has
 * too many of them). */
void query_pattern_like(struct buf *out, struct slice wildcard);
bool query_pattern_wildcard(struct buf *out, struct slice wildcard);

#define QUERY_WORD_CHARS "\\p{L}\\p{M}\\p{N}_"
/* What may stand before and behind a word: its end, or what joins no words. */
#define QUERY_WORD_BEGIN "(?:(?:^|[^" QUERY_WORD_CHARS ".'])[.']*|[.'][.']+)"
#define QUERY_WORD_END   "(?:[.']*(?:$|[^" QUERY_WORD_CHARS ".'])|[.'][.'])"

/* ---- SQL (query_sql.c) */

struct sql_param {
    struct slice text;
};

struct sql {
    struct buf b;
    struct sql_param *param;
    unsigned n_params;
    struct arena *mem;
    uint64_t columns; /* bits of enum column_id that are used */
    unsigned codes;   /* bits of enum code_id */
    bool doc, full;
    int64_t now_ms;
    struct query_error *error;
    err rc;
};

void sql_put(struct sql *s, const char *text);
void sql_printf(struct sql *s, const char *fmt, ...) PRINTF(2);
void sql_text(struct sql *s, struct slice typed); /* $n for what a user typed */
void sql_fail(struct sql *s, const struct search_node *n, err rc, const char *fmt, ...) PRINTF(4);

/* Rows whose fields are all in their columns, or those with a mark. */
enum sql_shape { SHAPE_COLUMNS, SHAPE_MISFITS };

/* A field as a condition or a value sees it. */
struct sql_field {
    struct slice name;
    int column;            /* -1: only in doc */
    bool json;             /* expression gives JSON: a value or a list of them */
    enum column_kind kind; /* when not json */
    enum query_text text;
    bool exists; /* false: no message can have it */
};
struct sql_field sql_field_of(struct slice name, enum sql_shape shape);
/* Its value; marks what is used. */
void sql_field_put(struct sql *s, const struct sql_field *f, enum sql_shape shape);

/* A column as JSON, whatever is in doc. */
void sql_column_json(struct sql *s, int column);

/* Its values as a list of JSON, which is [NULL] where there is none; of a field with .json. */
void sql_list(struct sql *s, const struct sql_field *f, enum sql_shape shape);

/* A condition in parentheses for a tree (query_filter.c). */
void sql_filter(struct sql *s, const struct search_node *n, enum sql_shape shape);

/* ---- a request at work (query_run.c) */

#define QUERY_TABLES_MAX 8192

/* Which rows of tables with numbers of texts are meant. */
enum code_rows { CODE_ROWS_ALL, CODE_ROWS_WITH, CODE_ROWS_WITHOUT };

struct query_run {
    struct query_session *session;
    struct duck_session *duck;
    const struct query *q;
    const struct query_data *data;
    struct arena *mem; /* of the request */
    struct buf *out;
    struct query_error *error; /* of the ask at hand */

    const struct view_table **table; /* that the range and the stream select */
    bool *misfits;                   /* of each: it has marked rows */
    unsigned n_tables;
    uint64_t rows;                  /* of them */
    const struct search_node *tree; /* of the request; NULL: all */
    const char *stream_id;          /* NULL: all */

    const struct query_ask *ask;
    const struct search_node *ask_tree;
    int64_t from_us, to_us; /* of the ask at hand */
    double sample;          /* percent of the rows that are read; 0: all */
    enum code_rows code_rows;
    unsigned codes;    /* bits: with a number in each of these columns, or without one of them */
    int64_t code_base; /* the number of no text */
    struct sql sql;
};

/* Selects the tables with messages of [from_us, to_us). */
MUST_CHECK err query_run_select(struct query_run *r, int64_t from_us, int64_t to_us);

/* Empties r->sql. */
void query_run_start(struct query_run *r);

/* Runs r->sql; *out is NULL on failure, which r->error tells. */
MUST_CHECK err query_run_ask(struct query_run *r, struct duck_query **out);

/* The next row, as duck_next. */
bool query_run_next(struct query_run *r, struct duck_query *q, err *rc);

err query_run_fail(struct query_run *r, err rc, const char *fmt, ...) PRINTF(3);

/* ---- rows that an ask works on (query_source.c) */

enum part_kind { PART_BUCKET, PART_KEY, PART_NUMBER, PART_COLUMN, PART_DOC, PART_CODE };

/* Column c<i> of a source. */
struct source_part {
    enum part_kind kind;
    struct slice field;       /* of a key, a number, a column */
    bool json;                /* the key is JSON text */
    bool list;                /* and comes from a list */
    int64_t grid_us, step_us; /* of buckets, which are numbered from 0 */
    int code;                 /* of a number of a text, counted from code_base */
};

/* Puts "(SELECT … AS c0, …)": all rows of the tables that match; keys of lists once for each. */
void query_source_put(struct query_run *r, struct source_part *part, unsigned n);

/* "SELECT … AS c0, …" of rows whose fields are all in columns, no key from a list. False: there are
 * no tables. */
bool query_source_rows(struct query_run *r, struct source_part *part, unsigned n);
bool query_source_is_plain(const struct query_run *r, const struct source_part *part, unsigned n);

/* The condition of range, stream and queries, for tables of that shape. */
void query_source_where(struct query_run *r, enum sql_shape shape);

/* "(SELECT columns FROM t UNION ALL …)" of the tables of that shape, with the columns used so far
 * and what `more` has. False: there is none. */
bool query_source_tables(struct query_run *r, enum sql_shape shape, const char *more);

/* The metric over column c<at>. */
void query_metric_put(struct query_run *r, const struct query_metric *m, unsigned at);
/* The part that it needs; false: none, it counts. */
bool query_metric_part(const struct query_metric *m, struct source_part *part);
/* Its values can be added up, or the largest of them is the largest of all. */
const char *query_metric_merge(const struct query_metric *m);

/* ---- grouping by numbers of texts (query_codes.c) */

struct query_codes {
    bool use;
    unsigned n; /* parts; the first n_keys of them are keys, the next one a metric's */
    unsigned n_keys;
    unsigned mask; /* bits of enum code_id that keys have */
    int code[4];   /* of each key; -1: it has no numbers */
    struct source_part part[4];
    const struct view_table **with, **some, **without; /* tables with numbers, some of whose rows */
    unsigned n_with, n_some, n_without;                /* have none, and those without any */
};

/* Can these parts be grouped by numbers, and is it worth it? Then c->use. */
MUST_CHECK err query_codes_plan(struct query_run *r, struct query_codes *c,
                                const struct source_part *part, unsigned n_keys, unsigned n);
/* "WITH … g AS MATERIALIZED (SELECT c0, c1, … t0, t1, … v, n)": the groups, their metric, and how
 * many rows each has. A key c<i> with numbers is the number, 0 for no text, or NULL where t<i> is
 * the text. */
void query_codes_groups(struct query_run *r, const struct query_codes *c,
                        const struct query_metric *m);
/* "p AS (…), t AS (SELECT k0, k1, … v)": of these the first `limit` whose keys are all there. */
void query_codes_top(struct query_run *r, const struct query_codes *c, bool ascending,
                     unsigned limit);
/* A condition: all keys of a group are there. */
void query_codes_present(struct query_run *r, const struct query_codes *c);

/* ---- answers (query_group.c, query_time.c, query_messages.c, query_names.c) */

void query_value_write(struct buf *out, const struct duck_value *v, bool json);
MUST_CHECK err query_answer_value(struct query_run *r);
MUST_CHECK err query_answer_histogram(struct query_run *r);
MUST_CHECK err query_answer_terms(struct query_run *r);
MUST_CHECK err query_answer_pairs(struct query_run *r);
MUST_CHECK err query_answer_percentiles(struct query_run *r);
MUST_CHECK err query_answer_messages(struct query_run *r);
MUST_CHECK err query_answer_message(struct query_run *r);
MUST_CHECK err query_answer_fields(struct query_run *r);
MUST_CHECK err query_answer_values(struct query_run *r);
