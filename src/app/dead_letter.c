/* wirelume dead-letter: what the receiver refused. list, show, and replay through the codecs into
 * the configured output. */
#include <stdlib.h>

#include "app/command.h"
#include "app/inputs.h"
#include "app/meaning.h"
#include "app/meta.h"
#include "app/start.h"
#include "base/bug.h"
#include "in/beats_message.h"
#include "in/gelf_message.h"
#include "os/clock.h"
#include "pipe/message_pipe.h"

#define SHOWN_BYTES 60 /* of a document, in the list */
#define BATCH_BYTES ((size_t)256 << 20)

struct letters {
    struct start start;
    struct receiver_conf conf;
    struct arena mem;
    struct letter *v;
    size_t n;
};

static err load(struct letters *l, const struct args *a, bool output, struct why *w)
{
    struct start_conf conf = { .need.messages = output };
    err rc = start_load(&l->start, a, &conf, w);
    if (rc)
        return rc;
    arena_init(&l->mem, NULL, 0);
    rc = receiver_load(&l->conf, &l->start.config, w);
    return rc ? rc : deadletter_read(l->conf.dead_path, &l->mem, &l->v, &l->n, w);
}

static void unload(struct letters *l)
{
    arena_free(&l->mem);
    start_free(&l->start);
}

static int refuse(const struct why *w)
{
    fprintf(stderr, "Error: %s\n", w->text);
    return 1;
}

/* Is the letter one of those that are named? None named: all are, when `all`. */
static bool is_named(const struct args *a, const struct letter *x, bool all)
{
    uint64_t id;
    for (unsigned i = 0; i < a->rest.n; i++)
        if (slice_to_u64(slice_cstr(a->rest.v[i]), &id) && (int64_t)id == x->id)
            return true;
    return all && !a->rest.n;
}

/* ---- list, show */

/* Documents are the clients' bytes: nothing of them may act on a terminal. */
static void put_plain(FILE *out, struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        fputc(s.p[i] < 0x20 ? ' ' : s.p[i] < 0x7f ? s.p[i] : '.', out);
}

int dead_letter_list_command(const struct args *a)
{
    static struct letters l;
    struct why w;
    if (load(&l, a, false, &w))
        return refuse(&w);
    for (size_t i = 0; i < l.n; i++) {
        const struct letter *x = &l.v[i];
        printf("%6lld  %.*s  %.*s  %.*s%s: ", (long long)x->id, (int)x->time.n, x->time.p,
               (int)x->remote.n, x->remote.p, (int)x->reason.n, x->reason.p,
               x->stored ? " (stored)" : "");
        put_plain(stdout, slice_first(x->document, SHOWN_BYTES));
        puts(x->document.n > SHOWN_BYTES ? "…" : "");
    }
    fprintf(stderr, "%zu dead letters in %s\n", l.n, l.conf.dead_path);
    unload(&l);
    return 0;
}

int dead_letter_show_command(const struct args *a)
{
    static struct letters l;
    struct why w;
    unsigned found = 0;
    if (load(&l, a, false, &w))
        return refuse(&w);
    for (size_t i = 0; i < l.n; i++) {
        const struct letter *x = &l.v[i];
        if (!is_named(a, x, false))
            continue;
        found++;
        fprintf(stderr, "%lld: %.*s, %.*s from %.*s: %.*s%s%s\n", (long long)x->id, (int)x->time.n,
                x->time.p, (int)x->input.n, x->input.p, (int)x->remote.n, x->remote.p,
                (int)x->reason.n, x->reason.p, x->stored ? "; a message was made of it" : "",
                x->cut ? "; only its beginning was kept" : "");
        fwrite(x->document.p, 1, x->document.n, stdout);
        putchar('\n');
    }
    unload(&l);
    if (found)
        return 0;
    fputs("Error: no such dead letter: wirelume dead-letter list shows their numbers\n", stderr);
    return 1;
}

/* ---- replay */

struct replaying {
    struct message_batch batch;
    struct message_pipe *pipe;
    struct beats_reader *beats;
    struct gelf_reader *gelf;
    struct counters *counters;
    unsigned written, refused;
};

/* NULL and the reason when it is refused again. */
static struct message *read_letter(struct replaying *r, const struct letter *x, const char **reason)
{
    struct message *m = NULL;
    if (slice_starts(x->input, SLICE("inputs.gelf"))) {
        enum gelf_result g =
            gelf_message(r->gelf, x->document, clock_real_ns(), &r->batch.arena, &m);
        *reason = gelf_result_text(g);
        return g == GELF_MESSAGE ? m : NULL;
    }
    enum beats_result b = beats_message(r->beats, x->document, &r->batch.arena, &m);
    *reason = beats_result_text(b);
    return b == BEATS_MESSAGE ? m : NULL;
}

static err replay_one(struct replaying *r, const struct letter *x, struct why *w)
{
    struct message_batch *b = &r->batch;
    const char *reason;
    arena_reset(&b->arena);
    struct message *m = x->cut ? NULL : read_letter(r, x, &reason);
    if (!m) {
        fprintf(stderr, "%lld stays refused: %s\n", (long long)x->id,
                x->cut ? "only its beginning was kept" : reason);
        r->refused++;
        return ERR_OK;
    }
    m->receive_ns = clock_real_ns();
    m->origin.input = "dead-letter";
    b->message[0] = m;
    b->n = 1;
    r->written++;
    err rc = message_pipe_write(r->pipe, &b, 1, r->counters, w);
    message_pipe_done(r->pipe, b);
    return rc;
}

static err replay_all(struct replaying *r, const struct letters *l, const struct args *a,
                      struct why *w)
{
    err rc = ERR_OK;
    for (size_t i = 0; i < l->n && !rc; i++)
        if (is_named(a, &l->v[i], !l->v[i].stored))
            rc = replay_one(r, &l->v[i], w);
    return rc;
}

static err replay_with(struct replaying *r, const struct letters *l, const struct args *a,
                       struct why *w)
{
    struct beats_conf beats = { false, slice_of(NULL, 0) };
    r->beats = beats_reader_new(&beats);
    r->gelf = gelf_reader_new(0);
    arena_init(&r->batch.arena, NULL, BATCH_BYTES);
    err rc = replay_all(r, l, a, w);
    arena_free(&r->batch.arena);
    beats_reader_free(r->beats);
    gelf_reader_free(r->gelf);
    fprintf(stderr, "%u written, %u refused again\n", r->written, r->refused);
    return rc;
}

static err replay(struct letters *l, const struct args *a, struct why *w)
{
    static struct replaying r;
    const struct settings *s = &l->start.settings;
    struct meaning *meaning;
    if (!s->output->sync)
        return why_set(w, ERR_UNSUPPORTED, "replay writes to output.file or output.console");
    r.counters = xcalloc(1, sizeof *r.counters);
    err rc = meaning_open(&meaning, a, r.counters, w);
    struct message_pipe_conf conf = { .output = s->output,
                                      .output_conf = s->output_conf,
                                      .stage = meaning_stage(meaning) };
    if (!rc)
        rc = message_pipe_new(&conf, &r.pipe, w);
    if (!rc)
        rc = replay_with(&r, l, a, w);
    message_pipe_free(r.pipe);
    meaning_close(meaning);
    xfree(r.counters);
    return rc;
}

int dead_letter_replay_command(const struct args *a)
{
    static struct letters l;
    struct why w;
    if (load(&l, a, true, &w))
        return refuse(&w);
    err rc = replay(&l, a, &w);
    unload(&l);
    return rc ? refuse(&w) : 0;
}
