/* wirelume trace FILE [FLOW]: every decision, indented by room. */
#include "base/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/command.h"
#include "app/lines.h"
#include "app/replay.h"
#include "os/thread.h"

#define GROUP_MAX 65536 /* bytes of the lines of one packet that are kept */

/* Prints only the groups of lines (a packet each: the first is not indented) that hold a text. */
struct sieve {
    const char *text;
    FILE *from;
    struct thread thread;
    char group[GROUP_MAX];
    size_t n;
    bool wanted;
};

static void end_group(struct sieve *s)
{
    if (s->wanted)
        fwrite(s->group, 1, s->n, stdout);
    s->n = 0;
    s->wanted = false;
}

static void sieve_main(void *ctx)
{
    struct sieve *s = ctx;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, s->from)) > 0) {
        if (line[0] != ' ')
            end_group(s);
        s->wanted |= strstr(line, s->text) != NULL;
        if (s->n + (size_t)n <= sizeof s->group) {
            memcpy(s->group + s->n, line, (size_t)n);
            s->n += (size_t)n;
        }
    }
    end_group(s);
    free(line); /* allow free: getline allocated it */
}

static err start_sieve(void *ctx, struct why *w)
{
    struct sieve *s = ctx;
    err rc = thread_start(&s->thread, "sieve", sieve_main, s);
    return rc ? why_set(w, rc, "there is no thread to be had") : ERR_OK;
}

static int run(const struct args *a, struct sieve *sieve)
{
    static struct replay r;
    struct lines_conf nowhere = { NULL };
    if (replay_begin(&r, a))
        return 1;
    r.output = &lines_output;
    r.output_conf = &nowhere;
    r.closes = true;
    r.closed = sieve ? start_sieve : NULL;
    r.ctx = sieve;
    int status = replay_files(&r, a->rest.v, 1);
    replay_end(&r);
    return status;
}

static int run_sieved(const struct args *a)
{
    static struct sieve s;
    int ends[2];
    s.text = a->rest.v[1];
    if (pipe(ends) || !(s.from = fdopen(ends[0], "r"))) {
        fprintf(stderr, "trace: %s\n", strerror(errno));
        return 1;
    }
    trace_start(ends[1]);
    int status = run(a, &s);
    trace_end();
    thread_join(&s.thread);
    fclose(s.from);
    return status;
}

int trace_command(const struct args *a)
{
    if (!a->rest.n || a->rest.n > 2) {
        command_usage(stderr, a->command);
        return 1;
    }
    if (a->rest.n == 2)
        return run_sieved(a);
    trace_start(STDOUT_FILENO);
    return run(a, NULL);
}
