/* Streams and index sets as JSON. */
#include "store/state_json.h"

#include <stdio.h>

#include "codec/json.h"
#include "model/civil.h"
#include "store/set_conf.h"

#define TIME_SHOWN 19 /* without milliseconds */

const char *state_time_text(int64_t ms, char out[STATE_TIME_BYTES])
{
    if (!ms)
        return "-";
    struct buf b = buf_of(out, STATE_TIME_BYTES - 1);
    civil_write(&b, ms, ' ');
    out[b.n < TIME_SHOWN ? b.n : TIME_SHOWN] = '\0';
    return out;
}

void state_json_key(struct buf *b, const char *key)
{
    if (b->n && b->p[b->n - 1] != '{')
        buf_u8(b, ',');
    json_string(b, slice_cstr(key), false);
    buf_u8(b, ':');
}

void state_json_text(struct buf *b, const char *key, const char *value)
{
    state_json_key(b, key);
    json_string(b, slice_cstr(value), false);
}

void state_json_int(struct buf *b, const char *key, int64_t value)
{
    state_json_key(b, key);
    buf_int(b, value);
}

void state_json_bool(struct buf *b, const char *key, bool value)
{
    state_json_key(b, key);
    buf_cstr(b, value ? "true" : "false");
}

static void put_time(struct buf *b, const char *key, int64_t ms)
{
    char text[STATE_TIME_BYTES];
    state_json_text(b, key, state_time_text(ms, text));
}

/* ---- streams */

static const char *set_title(const struct index_sets *sets, const char *id)
{
    for (unsigned i = 0; i < sets->n; i++)
        if (strcmp(sets->v[i].id, id) == 0)
            return sets->v[i].title;
    return id;
}

static void put_rules(struct buf *b, const struct stream_def *s)
{
    state_json_key(b, "rules");
    buf_u8(b, '[');
    for (unsigned i = 0; i < s->n_rules; i++) {
        const struct stream_rule *r = &s->rule[i];
        buf_cstr(b, i ? ",{" : "{");
        state_json_text(b, "type", stream_rule_name(r->type));
        state_json_key(b, "field");
        json_string(b, r->field, false);
        state_json_key(b, "value");
        json_string(b, r->value, false);
        state_json_bool(b, "inverted", r->inverted);
        state_json_text(b, "description", r->description);
        buf_u8(b, '}');
    }
    buf_u8(b, ']');
}

void state_json_stream(struct buf *b, const struct stream_def *s, const struct index_sets *sets)
{
    buf_u8(b, '{');
    state_json_text(b, "id", s->id);
    state_json_text(b, "title", s->title);
    state_json_text(b, "description", s->description);
    state_json_text(b, "matching_type", s->match_any ? "OR" : "AND");
    state_json_bool(b, "disabled", s->paused);
    state_json_bool(b, "is_default", s->is_default);
    state_json_bool(b, "remove_matches_from_default_stream", s->remove_from_default);
    state_json_text(b, "index_set_id", s->index_set_id);
    state_json_text(b, "index_set", set_title(sets, s->index_set_id));
    put_time(b, "created_at", s->created_ms);
    put_rules(b, s);
    buf_u8(b, '}');
}

/* ---- index sets */

struct index_totals index_totals_of(const struct index_rows *rows)
{
    struct index_totals t = { 0 };
    for (unsigned i = 0; i < rows->n; i++) {
        t.indices++;
        t.docs += rows->v[i].docs;
        t.bytes += rows->v[i].bytes;
    }
    return t;
}

static void put_settings(struct buf *b, const struct index_set *s)
{
    state_json_key(b, "rotation");
    buf_u8(b, '{');
    state_json_text(b, "strategy", rotation_names[s->rotation]);
    state_json_text(b, "rotation_period", s->period);
    state_json_bool(b, "rotate_empty_index_set", s->rotate_empty);
    state_json_int(b, "max_docs_per_index", s->max_docs);
    state_json_int(b, "max_size", s->max_bytes);
    buf_u8(b, '}');
    state_json_key(b, "retention");
    buf_u8(b, '{');
    state_json_text(b, "strategy", retention_names[s->retention]);
    state_json_int(b, "max_number_of_indices", s->keep_indices);
    state_json_int(b, "max_age_ms", s->keep_age_ms);
    state_json_int(b, "max_bytes", s->keep_bytes);
    buf_u8(b, '}');
}

static void put_index(struct buf *b, const struct index_set *s, const struct index_row *i)
{
    char name[INDEX_PREFIX_MAX + 32];
    snprintf(name, sizeof name, "%s_%lld", s->prefix, (long long)i->number);
    buf_u8(b, '{');
    state_json_text(b, "name", name);
    state_json_text(b, "state", index_state_names[i->state]);
    put_time(b, "created_at", i->created_ms);
    put_time(b, "from", i->docs ? i->from_ms : 0);
    put_time(b, "to", i->docs ? i->to_ms : 0);
    state_json_int(b, "docs", i->docs);
    state_json_int(b, "bytes", i->bytes);
    state_json_int(b, "torn_bytes", i->torn_bytes);
    buf_u8(b, '}');
}

void state_json_set(struct buf *b, const struct index_set *s, const struct index_rows *rows,
                    bool with_indices)
{
    struct index_totals t = index_totals_of(rows);
    buf_u8(b, '{');
    state_json_text(b, "id", s->id);
    state_json_text(b, "title", s->title);
    state_json_text(b, "description", s->description);
    state_json_text(b, "index_prefix", s->prefix);
    put_time(b, "created_at", s->created_ms);
    state_json_bool(b, "is_default", s->is_default);
    state_json_bool(b, "writable", s->writable);
    state_json_int(b, "shards", s->shards);
    state_json_int(b, "replicas", s->replicas);
    put_settings(b, s);
    state_json_int(b, "docs", t.docs);
    state_json_int(b, "bytes", t.bytes);
    state_json_key(b, "indices");
    if (!with_indices)
        buf_int(b, t.indices);
    for (unsigned i = 0; with_indices && i < rows->n; i++) {
        buf_cstr(b, i ? "," : "[");
        put_index(b, s, &rows->v[i]);
    }
    buf_cstr(b, !with_indices ? "" : rows->n ? "]" : "[]");
    buf_u8(b, '}');
}
