/* Questions about stored messages, and their answers as JSON: what the dashboard, the API and
 * `wirelume query` ask. Other engines can stand behind the same three calls: nothing here says how
 * messages are kept.
 *
 * A request:
 *   { "range": seconds before now | "from": t, "to": t,   t: ISO 8601 text or ms since 1970
 *     "stream": title or id, "query": text, "timeout_ms": n, "ask": [ {"id", "kind", …}, … ] }
 * and its answer:
 *   { "from": ms, "to": ms, "took_ms": x, "answers": { id: {…} | {"error": {…}} } }
 * Kinds, with what they read and give (metric: count() card(f) sum(f) avg(f) min(f) max(f)
 * percentile(f,95); every ask may have its own "query", which must match too):
 *   value        metric previous            {"value", "previous"}
 *   histogram    metric interval buckets split:{field limit}
 *                                           {"interval_s", "times", "series":[{"key","values"}],
 *                                            "other":{"values"}}
 *   terms        field metric limit order   {"rows":[{"key","value"}], "other", "distinct",
 *                                            "missing"}
 *   pairs        fields metric limit        {"rows":[{"keys","value"}]}
 *   percentiles  field at interval          {"values"} | {"interval_s", "times", "series"}
 *   messages     limit offset before after sort:{field order} fields
 *                                           {"total", "rows":[{"id","index","message"}], "next"}
 *   message      message_id                 {"message", "index"}
 *   fields                                  {"fields":[{"name","kind","count"}], "sampled"}
 *   values       field prefix limit         {"rows":[{"key","value"}]}
 *
 * Decisions where Elasticsearch depends on a mapping, and there is none here:
 * - A field without a value in any message matches nothing; so does a value that cannot be of the
 *   field's type (a word for a number). Elasticsearch refuses the latter.
 * - message and full_message are words (standard analyzer): no case, a term is one of the words, a
 *   phrase words in a row. source and what GIM calls loweronly: the whole value without case.
 *   All other text: the whole value, exactly.
 * - A list matches when one of its elements does, and is counted once for each.
 * - 10.0.0.0/8, and ranges with two addresses, are compared as addresses on any text that is one.
 * - Numbers compare as numbers where the value is one; a pattern is matched with its decimal text.
 * - timestamp reads dates and times of any length ("2024-02-14" is the whole day) and date math
 *   (now-1h, 2024-02-14||+1d/d), rounded up for > and <=.
 * - Without a field: any field of the message, texts by their own rule.
 * - A metric takes only numbers, card() and terms any scalar. Percentiles are exact up to 20
 * million messages in the range, above that estimates (t-digest).
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/state.h"
#include "store/view.h"

#define QUERY_ASKS_MAX     64
#define QUERY_LIMIT_MAX    1000  /* rows of an answer */
#define QUERY_BUCKETS_MAX  5000  /* of a histogram */
#define QUERY_AT_MAX       16    /* percentiles at once */
#define QUERY_TIMEOUT_MS   30000 /* when a request says nothing */
#define QUERY_TIMEOUT_MAX  600000
#define QUERY_ANSWER_BYTES ((size_t)32 << 20) /* enough for usual answers; more is ERR_LIMIT */

enum query_kind {
    QUERY_VALUE,
    QUERY_HISTOGRAM,
    QUERY_TERMS,
    QUERY_PAIRS,
    QUERY_PERCENTILES,
    QUERY_MESSAGES,
    QUERY_MESSAGE,
    QUERY_FIELDS,
    QUERY_VALUES,
    QUERY_KINDS
};
extern const char *const query_kind_names[]; /* NULL ends */

enum query_metric_kind {
    METRIC_COUNT,
    METRIC_CARD,
    METRIC_SUM,
    METRIC_AVG,
    METRIC_MIN,
    METRIC_MAX,
    METRIC_PERCENTILE
};
struct query_metric {
    enum query_metric_kind kind;
    struct slice field; /* empty for count() */
    double at;          /* of percentile: 0 to 100 */
};

/* What is wrong with a request or an ask. line 0: the place is not in a query text. */
struct query_error {
    struct why why;        /* without the place */
    unsigned line, column; /* of the query text; lines from 1, columns from 0, in characters */
};

struct query_ask {
    struct slice id, text; /* text: its own query */
    enum query_kind kind;
    struct query_metric metric;
    struct slice field[3]; /* terms, values, percentiles: one; pairs: two or three */
    unsigned n_fields;
    struct slice *column; /* messages: the fields wanted; n_columns 0: whole messages */
    unsigned n_columns;
    unsigned limit, offset;
    unsigned net_v4, net_v6; /* terms: bits of the networks that addresses count as; both 0: none */
    int64_t interval_s;      /* 0: auto (histogram), none (percentiles) */
    unsigned buckets;        /* wanted, for auto */
    bool with_interval, ascending, previous;
    struct slice split; /* histogram: series by this field; empty: one series */
    unsigned split_limit;
    double at[QUERY_AT_MAX];
    unsigned n_at;
    struct slice sort, before, after, message_id, prefix;
};

struct query {
    int64_t from_ms, to_ms; /* [from, to) */
    int64_t now_ms;         /* what "now" in a query text is */
    struct slice stream, text;
    int64_t timeout_ms;
    struct query_ask *ask;
    unsigned n;
};

/* Reads a request. Everything is in mem or borrows from json. ERR_FORMAT: e says what is wrong. */
MUST_CHECK err query_read(struct query *q, struct slice json, int64_t now_ms, struct arena *mem,
                          struct query_error *e);

/* The times [from, to) that a text stands for: a day, a second, a millisecond; date math counts
 * from now_ms. to_us is behind all of what was rounded. False: no date. */
bool query_date_read(struct slice text, int64_t now_ms, int64_t *from_us, int64_t *to_us);

/* What a view must have for it: with the window before, where an ask compares with that. */
struct view_range query_range(const struct query *q);

/* "sum(network_bytes)" to a metric; borrows from text. */
MUST_CHECK err query_metric_read(struct query_metric *m, struct slice text, struct why *w);

/* What is asked. The view must be held until query_answer returns. */
struct query_data {
    const struct store_view *view;
    const struct stream_def *stream; /* to find one by its title; NULL: ids only */
    unsigned n_streams;
};

/* Answers questions, one request at a time; one thread at a time, but for query_cancel. It has a
 * thread of its own that ends what takes too long. */
struct query_session;
MUST_CHECK err query_session_open(struct query_session **out, struct duck *d, struct why *w);
void query_session_close(struct query_session *s);

/* Appends the answer. An ask that fails is told in its place and the others are answered. Fails as
 * a whole, with nothing appended: ERR_MISSING no such stream, ERR_FORMAT a mistake in the query
 * text, ERR_LIMIT out is full or the memory of this query, ERR_END cancelled. */
MUST_CHECK err query_answer(struct query_session *s, const struct query *q,
                            const struct query_data *data, struct buf *out, struct query_error *e);

/* Ends the request at hand: it answers ERR_END. Any thread. */
void query_cancel(struct query_session *s);

/* {"error":{"text":…,"line":…,"column":…}} */
void query_error_write(struct buf *out, const struct query_error *e);
