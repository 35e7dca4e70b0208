/* What watch, import and trace share. */
#include "app/replay.h"

#include <sys/stat.h>

#include "app/budget.h"
#include "app/lines.h"
#include "app/watchline.h"
#include "os/clock.h"

static void close_live(struct replay *r)
{
    for (unsigned i = 0; i < r->workers; i++) {
        if (r->capture[i])
            r->capture[i]->ops->close(r->capture[i]);
        r->capture[i] = NULL;
    }
}

int replay_begin(struct replay *r, const struct args *a)
{
    struct start_conf conf = { .need.defaults = true, .bare = true };
    struct why why;
    *r = (struct replay){ .a = a };
    wiring_block_signals();
    if (start_load(&r->start, a, &conf, &why))
        return start_refuse(&why);
    if (start_log(&r->start, a, true, &why)) {
        start_free(&r->start);
        return start_refuse(&why);
    }
    identity_make(&r->identity);
    return 0;
}

err replay_open_live(struct replay *r, struct why *w)
{
    struct settings *s = &r->start.settings;
    if (!node_path(r->start.config.resolved, "packetbeat.interfaces"))
        s->interface[0].device = "default_route";
    r->live = s->interface[0];
    r->workers = budget_live_workers(s);
    r->workers = r->workers < CREW_MAX ? r->workers : CREW_MAX;
    err rc = capture_open_shared(&r->live, 0, r->capture, r->workers, w);
    if (rc)
        close_live(r);
    else if (r->workers > 1 && !r->capture[1])
        r->workers = 1; /* of a kind that is not shared out */
    return rc;
}

static int run(struct replay *r, struct capture *const *captures, unsigned workers)
{
    struct job job = { .settings = &r->start.settings,
                       .identity = &r->identity,
                       .captures = captures,
                       .n_captures = 1,
                       .workers = workers,
                       .output = r->output,
                       .output_conf = r->output_conf,
                       .dry_run = r->dry_run,
                       .health = r->health,
                       .broker = r->doors.broker,
                       .progress = r->progress,
                       .ctx = r->ctx };
    struct why why;
    return wiring_run(&job, &r->sums, &r->interrupted, &why) ? start_refuse(&why) : 0;
}

err replay_shut(struct replay *r, const struct doors_need *need, struct why *w)
{
    err rc = doors_user(&r->doors, &r->start, r->a, need, w);
    return rc ? rc : doors_shut(&r->doors, w);
}

int replay_live(struct replay *r)
{
    return run(r, r->capture, r->workers);
}

int replay_capture(struct replay *r, struct capture *c)
{
    struct why why;
    int status = run(r, &c, (unsigned)r->start.settings.general.workers);
    if (status || r->interrupted || !capture_was_damaged(c, &why))
        return status;
    fprintf(stderr, "%s\n", why.text);
    return 1;
}

/* From the first packet of the files to the last; 0 for pipes, which are read only once. */
static int64_t span_ns(const struct capture_file_conf *conf)
{
    static struct packet p[64];
    struct capture *c;
    struct why ignored;
    int64_t first = 0, last = 0;
    bool any = false;
    int n;
    for (unsigned i = 0; i < conf->n_paths; i++) {
        struct stat st;
        if (stat(conf->paths[i], &st) || !S_ISREG(st.st_mode))
            return 0;
    }
    if (capture_open_files(conf, &c, &ignored))
        return 0;
    while ((n = c->ops->read(c, p, COUNT(p), &ignored)) >= CAPTURE_IDLE) {
        for (int i = 0; i < n; i++) {
            first = any ? first : p[i].ts_ns;
            last = any && p[i].ts_ns < last ? last : p[i].ts_ns;
            any = true;
        }
    }
    c->ops->close(c);
    return last - first;
}

/* Sockets are of use only to what a configuration may ask for. */
static enum calls calls_of(const struct replay *r)
{
    bool plain = r->output == &lines_output || r->output == &watchline_output;
    return plain && !node_path(r->start.config.resolved, "processors") ? CALLS_READER
                                                                       : CALLS_SENSOR;
}

/* What was captured is read behind closed doors, as by a sensor. */
static err close_doors(struct replay *r, const char *const *paths, unsigned n, struct why *w)
{
    const struct doors_need need = { .calls = calls_of(r),
                                     .traceless = calls_of(r) == CALLS_READER,
                                     .stays = true,
                                     .captures = paths,
                                     .n_captures = n,
                                     .port = -1 };
    err rc = r->opened ? r->opened(r->ctx, w) : ERR_OK;
    if (!rc)
        rc = replay_shut(r, &need, w);
    return !rc && r->closed ? r->closed(r->ctx, w) : rc;
}

int replay_files(struct replay *r, const char *const *paths, unsigned n)
{
    struct capture_file_conf conf = { .paths = paths,
                                      .n_paths = n,
                                      .filter = r->start.settings.interface[0].bpf_filter,
                                      .paced = r->a->paced,
                                      .loops = 1 };
    struct capture *c;
    struct why why;
    if (r->a->now)
        conf.starts_ns = clock_real_ns() - span_ns(&conf);
    if (capture_open_files(&conf, &c, &why))
        return start_refuse(&why);
    bool refused = r->closes && close_doors(r, paths, n, &why);
    int status = refused ? start_refuse(&why) : replay_capture(r, c);
    c->ops->close(c);
    return status;
}

void replay_end(struct replay *r)
{
    close_live(r);
    doors_end(&r->doors);
    logfile_close();
    start_free(&r->start);
}
