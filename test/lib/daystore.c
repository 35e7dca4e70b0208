/* Index files of generated messages. */
#include "lib/daystore.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/duckdb.h"
#include "store/codes.h"
#include "store/indexfile.h"

#define TEXT_BYTES ((size_t)1 << 20)

bool daystore_open(struct daystore *s, const char *folder, unsigned threads)
{
    static const char *const libraries[] = { DUCKDB_LIBRARY, NULL };
    memset(s, 0, sizeof *s);
    s->view.table = s->table;
    if (access(DUCKDB_LIBRARY, R_OK))
        return true;
    snprintf(s->folder, sizeof s->folder, "%s", folder ? folder : "/tmp/daystore.XXXXXX");
    if (!folder && !mkdtemp(s->folder))
        return false;
    jsondoc_init(&s->doc, 10000);
    struct duck_conf conf = { .libraries = libraries,
                              .threads = threads,
                              .memory_bytes = (uint64_t)2 << 30,
                              .folder = s->folder };
    if (duck_open(&s->duck, &conf, &s->why))
        return false;
    s->view.duck = s->duck;
    return !duck_session_open(&s->session, s->duck, &s->why);
}

void daystore_close(struct daystore *s)
{
    char command[128];
    if (!s->duck)
        return;
    duck_session_close(s->session);
    duck_close(s->duck);
    jsondoc_free(&s->doc);
    snprintf(command, sizeof command, "rm -rf %s", s->folder);
    if (!strncmp(s->folder, "/tmp/daystore.", 14) && system(command))
        fprintf(stderr, "%s stays behind\n", s->folder);
}

/* Who only reads leaves it to others too; there is none in a folder from before. */
static bool open_codes(struct daystore *s, bool write)
{
    if (s->view.coded)
        return true;
    s->view.coded = write ? !codes_attach(s->session, s->folder, 1, &s->why)
                          : !codes_attach_read(s->session, s->folder, &s->why);
    return s->view.coded || !write;
}

/* The extent in time with that message in it too. */
static void extend(struct indexfile_content *now, const struct message_row *row)
{
    const struct duck_value *v = &row->v[COLUMN_timestamp];
    int64_t ms = v->i / 1000;
    if (v->kind != DUCK_TIME)
        return;
    bool first = !now->from_ms && !now->to_ms;
    now->from_ms = first || ms < now->from_ms ? ms : now->from_ms;
    now->to_ms = first || ms > now->to_ms ? ms : now->to_ms;
}

/* Rows behind those of now in a table in memory, up to number `to`. */
static bool add_batch(struct daystore *s, const struct daystore_rows *rows,
                      struct indexfile_content *now, uint64_t to)
{
    uint8_t *text = malloc(TEXT_BYTES), *memory = malloc(TEXT_BYTES);
    struct hot_table *t;
    bool good = !hot_table_open(&t, s->session, "batch", &s->why);
    for (uint64_t i = now->rows; i < to && good; i++) {
        struct message_row row;
        struct buf b = buf_of(text, TEXT_BYTES - JSONDOC_PAD), mem = buf_of(memory, TEXT_BYTES);
        good = rows->make(rows->ctx, i, &b) &&
               !columns_split(&row, &s->doc, buf_slice(&b), &mem, &s->why) &&
               !hot_table_add(t, i + 1, &row, &s->why);
        if (good)
            extend(now, &row);
    }
    now->sealed = now->rows = to;
    good = good && !hot_table_flush(t, &s->why);
    hot_table_close(t);
    free(text);
    free(memory);
    return good;
}

static bool add_rows(struct daystore *s, const struct daystore_rows *rows)
{
    bool good = true;
    struct indexfile_content now = { .coded = !s->plain };
    while (now.rows < rows->n && good) {
        uint64_t left = rows->n - now.rows;
        good =
            add_batch(s, rows, &now, now.rows + (left < INDEXFILE_ROWS ? left : INDEXFILE_ROWS)) &&
            !indexfile_seal(s->session, "filling", "batch", &now, &s->why) &&
            !hot_table_drop(s->session, "batch", &s->why);
    }
    return good;
}

bool daystore_add(struct daystore *s, const char *file, const char *set_id,
                  const struct daystore_rows *rows)
{
    char path[256];
    struct indexfile_content content;
    struct indexfile f = { path, "filling" };
    snprintf(path, sizeof path, "%s/%s", s->folder, file);
    if (!open_codes(s, true) || indexfile_attach(s->session, &f, &content, &s->why))
        return false;
    bool good = add_rows(s, rows);
    return !indexfile_detach(s->session, f.catalog, &s->why) && good &&
           daystore_attach(s, file, set_id);
}

static bool ask_extent(struct daystore *s, struct view_table *t)
{
    char sql[256];
    struct duck_query *q;
    err rc;
    snprintf(sql, sizeof sql,
             "SELECT coalesce(min(epoch_us(timestamp)), 1), coalesce(max(epoch_us(timestamp)), 0), "
             "count(*) FROM %s",
             t->name);
    if (duck_prepare(&q, s->session, slice_cstr(sql), &s->why))
        return false;
    bool good = !duck_answer(q, &s->why) && duck_next(q, &rc, &s->why);
    if (good) {
        t->from_us = duck_value(q, 0).i;
        t->to_us = duck_value(q, 1).i;
        t->rows = (uint64_t)duck_value(q, 2).i;
    }
    duck_query_free(q);
    return good;
}

bool daystore_attach(struct daystore *s, const char *file, const char *set_id)
{
    char path[256], catalog[16];
    unsigned i = s->view.n;
    struct indexfile_content content;
    struct indexfile f = { path, catalog };
    snprintf(path, sizeof path, "%s/%s", s->folder, file);
    snprintf(catalog, sizeof catalog, "v%u", i);
    if (i == DAYSTORE_TABLES || !open_codes(s, false) ||
        indexfile_attach_read(s->session, &f, &content, &s->why))
        return false;
    snprintf(s->name[i], sizeof s->name[i], "v%u.ev", i);
    snprintf(s->index[i], sizeof s->index[i], "%s", file);
    s->table[i] = (struct view_table){ .name = s->name[i],
                                       .set_id = set_id,
                                       .index = s->index[i],
                                       .coded = content.coded && !s->plain };
    if (!ask_extent(s, &s->table[i]))
        return false;
    s->view.n++;
    return true;
}

bool daystore_message(void *ctx, uint64_t i, struct buf *out)
{
    return messages_make(ctx, i, out);
}
