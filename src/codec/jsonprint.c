/* JSON for people. */
#include "codec/jsonprint.h"

#include "codec/json.h"

static void new_line(struct jsonprint *j)
{
    buf_u8(j->out, '\n');
    for (unsigned i = 0; i < j->depth; i++)
        buf_lit(j->out, "  ");
}

/* What stands before a value: comma, line and name. */
static void begin(struct jsonprint *j, const char *key)
{
    if (j->filled)
        buf_u8(j->out, ',');
    if (j->depth)
        new_line(j);
    if (key) {
        json_string(j->out, slice_cstr(key), false);
        buf_lit(j->out, ": ");
    }
    j->filled = true;
}

void jsonprint_open(struct jsonprint *j, const char *key, char kind)
{
    begin(j, key);
    buf_u8(j->out, (uint8_t)kind);
    j->depth++;
    j->filled = false;
}

void jsonprint_close(struct jsonprint *j, char kind)
{
    j->depth--;
    if (j->filled)
        new_line(j);
    buf_u8(j->out, kind == '{' ? '}' : ']');
    j->filled = true;
}

void jsonprint_text(struct jsonprint *j, const char *key, struct slice text)
{
    begin(j, key);
    json_string(j->out, text, false);
}

void jsonprint_cstr(struct jsonprint *j, const char *key, const char *text)
{
    jsonprint_text(j, key, slice_cstr(text));
}

void jsonprint_int(struct jsonprint *j, const char *key, int64_t v)
{
    begin(j, key);
    buf_int(j->out, v);
}

void jsonprint_double(struct jsonprint *j, const char *key, double v)
{
    begin(j, key);
    size_t start = j->out->n;
    json_double(j->out, v);
    struct slice text = buf_since(j->out, start);
    if (slice_find(text, '.') < 0 && slice_find(text, 'e') < 0 && slice_find(text, 'n') < 0)
        buf_lit(j->out, ".0");
}

void jsonprint_bool(struct jsonprint *j, const char *key, bool v)
{
    begin(j, key);
    buf_cstr(j->out, v ? "true" : "false");
}

void jsonprint_null(struct jsonprint *j, const char *key)
{
    begin(j, key);
    buf_lit(j->out, "null");
}
