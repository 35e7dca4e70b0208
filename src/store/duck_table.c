/* Filling a table with chunks of rows: what costs least (store.md 2). */
#include "base/bug.h"
#include "store/duck_private.h"

struct column {
    void *data;
    uint64_t *validity;
};

struct duck_table {
    const struct duck_api *api;
    duck_handle appender, chunk;
    const enum duck_kind *kinds;
    unsigned n, rows;
    struct column *column;
    struct arena
        texts; /* longer ones of the chunk at hand, which the library copies when it is full */
};

static const unsigned types[] = {
    [DUCK_BOOL] = DUCK_TYPE_BOOLEAN,   [DUCK_INT] = DUCK_TYPE_BIGINT,
    [DUCK_DOUBLE] = DUCK_TYPE_DOUBLE,  [DUCK_TEXT] = DUCK_TYPE_VARCHAR,
    [DUCK_TIME] = DUCK_TYPE_TIMESTAMP,
};

/* Addresses move when a chunk is reset. All values are NULL until they are put. */
static void look_up_columns(struct duck_table *t)
{
    for (unsigned i = 0; i < t->n; i++) {
        struct column *c = &t->column[i];
        duck_handle vector = t->api->data_chunk_get_vector(t->chunk, i);
        c->data = t->api->vector_get_data(vector);
        t->api->vector_ensure_validity_writable(vector);
        c->validity = t->api->vector_get_validity(vector);
        memset(c->validity, 0, DUCK_CHUNK_ROWS / 8);
    }
}

static void make_chunk(struct duck_table *t)
{
    duck_handle *type = xcalloc(t->n, sizeof *type);
    for (unsigned i = 0; i < t->n; i++)
        type[i] = t->api->create_logical_type(types[t->kinds[i]]);
    t->chunk = t->api->create_data_chunk(type, t->n);
    for (unsigned i = 0; i < t->n; i++)
        t->api->destroy_logical_type(&type[i]);
    xfree(type);
    look_up_columns(t);
}

err duck_table_open(struct duck_table **out, struct duck_session *s, const struct duck_place *place,
                    struct why *w)
{
    struct duck_table *t = xcalloc(1, sizeof *t);
    BUG_ON(place->n == 0);
    arena_init(&t->texts, NULL, 0);
    t->api = &s->duck->api;
    t->kinds = place->kinds;
    t->n = place->n;
    t->column = xcalloc(t->n, sizeof *t->column);
    if (t->api->appender_create_ext(s->handle, place->catalog, NULL, place->table, &t->appender)) {
        err rc = duck_failed(w, place->table, t->api->appender_error(t->appender));
        duck_table_close(t);
        return rc;
    }
    make_chunk(t);
    *out = t;
    return ERR_OK;
}

void duck_table_close(struct duck_table *t)
{
    if (!t)
        return;
    if (t->chunk)
        t->api->destroy_data_chunk(&t->chunk);
    if (t->appender) {
        (void)t->api->appender_clear(t->appender); /* destroying it would hand them over */
        (void)t->api->appender_destroy(&t->appender);
    }
    arena_free(&t->texts);
    xfree(t->column);
    xfree(t);
}

static struct column *put(struct duck_table *t, unsigned column)
{
    BUG_ON(column >= t->n);
    struct column *c = &t->column[column];
    c->validity[t->rows / 64] |= UINT64_C(1) << t->rows % 64;
    return c;
}

void duck_put_text(struct duck_table *t, unsigned column, struct slice v)
{
    struct column *c = put(t, column);
    BUG_ON(t->kinds[column] != DUCK_TEXT);
    duck_text_put((uint8_t *)c->data + DUCK_TEXT_CELL * t->rows, v, &t->texts);
}

void duck_put_int(struct duck_table *t, unsigned column, int64_t v)
{
    struct column *c = put(t, column);
    if (t->kinds[column] == DUCK_BOOL)
        ((uint8_t *)c->data)[t->rows] = v != 0;
    else
        ((int64_t *)c->data)[t->rows] = v;
}

void duck_put_double(struct duck_table *t, unsigned column, double v)
{
    struct column *c = put(t, column);
    BUG_ON(t->kinds[column] != DUCK_DOUBLE);
    ((double *)c->data)[t->rows] = v;
}

static err hand_over(struct duck_table *t, struct why *w)
{
    if (!t->rows)
        return ERR_OK;
    t->api->data_chunk_set_size(t->chunk, t->rows);
    if (t->api->append_data_chunk(t->appender, t->chunk))
        return duck_failed(w, "adding rows", t->api->appender_error(t->appender));
    t->api->data_chunk_reset(t->chunk);
    arena_reset(&t->texts);
    look_up_columns(t);
    t->rows = 0;
    return ERR_OK;
}

err duck_end_row(struct duck_table *t, struct why *w)
{
    return ++t->rows < DUCK_CHUNK_ROWS ? ERR_OK : hand_over(t, w);
}

err duck_table_flush(struct duck_table *t, struct why *w)
{
    err rc = hand_over(t, w);
    if (!rc && t->api->appender_flush(t->appender))
        rc = duck_failed(w, "adding rows", t->api->appender_error(t->appender));
    return rc;
}
