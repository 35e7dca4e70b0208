#include "lib/daystore.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/dayfile.h"

/* The library is not built for the thread sanitizer, which would take its locks for races. */
#ifdef __SANITIZE_THREAD__
#define LIBRARY "build/duckdb/not-for-tsan.so"
#else
#define LIBRARY "build/duckdb/libduckdb.so"
#endif

#define TEXT_BYTES ((size_t)1 << 20)

bool daystore_open(struct daystore *s, const char *folder, unsigned threads)
{
    static const char *const libraries[] = { LIBRARY, NULL };
    memset(s, 0, sizeof *s);
    s->view.table = s->table;
    if (access(LIBRARY, R_OK))
        return true;
    snprintf(s->folder, sizeof s->folder, "%s", folder ? folder : "/tmp/daystore.XXXXXX");
    if (!folder && !mkdtemp(s->folder))
        return false;
    jsondoc_init(&s->doc, 10000);
    struct duck_conf conf = { libraries, threads, (uint64_t)2 << 30, s->folder };
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

static bool add_rows(struct daystore *s, struct dayfile *f, const struct daystore_rows *rows)
{
    uint8_t *text = malloc(TEXT_BYTES), *memory = malloc(TEXT_BYTES);
    bool good = true;
    for (uint64_t i = 0; i < rows->n && good; i++) {
        struct message_row row;
        struct buf b = buf_of(text, TEXT_BYTES - JSONDOC_PAD), mem = buf_of(memory, TEXT_BYTES);
        good = rows->make(rows->ctx, i, &b) &&
               !columns_split(&row, &s->doc, buf_slice(&b), &mem, &s->why) &&
               !dayfile_add(f, i + 1, &row, &s->why);
        if (good && ((i + 1) % DAYFILE_ROWS == 0 || i + 1 == rows->n))
            good = !dayfile_commit(f, i + 1, &s->why);
    }
    free(text);
    free(memory);
    return good;
}

bool daystore_add(struct daystore *s, const char *file, const char *set_id,
                  const struct daystore_rows *rows)
{
    char path[256];
    struct dayfile *f;
    snprintf(path, sizeof path, "%s/%s", s->folder, file);
    if (dayfile_open(&f, s->duck, path, &s->why))
        return false;
    bool good = add_rows(s, f, rows);
    dayfile_close(f);
    return good && daystore_attach(s, file, set_id);
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
    char sql[512];
    unsigned i = s->view.n;
    if (i == DAYSTORE_TABLES)
        return false;
    snprintf(sql, sizeof sql, "ATTACH '%s/%s' AS v%u (READ_ONLY)", s->folder, file, i);
    if (duck_run(s->session, sql, &s->why))
        return false;
    snprintf(s->name[i], sizeof s->name[i], "v%u.ev", i);
    s->table[i] = (struct view_table){ .name = s->name[i], .set_id = set_id };
    if (!ask_extent(s, &s->table[i]))
        return false;
    s->view.n++;
    return true;
}

bool daystore_message(void *ctx, uint64_t i, struct buf *out)
{
    return messages_make(ctx, i, out);
}
