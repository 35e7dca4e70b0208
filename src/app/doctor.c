/* wirelume doctor: what this machine and this configuration allow, and what to do about the rest.
 */
#include "app/doctor.h"

#include "app/command.h"
#include "app/local.h"

#define WAIT_NS INT64_C(2000000000)

void doctor_say(struct doctor *d, enum finding f, const char *what, const char *found,
                const char *mend)
{
    static const char *const words[] = { "ok", "note", "BAD" };
    printf("%-4s  %-14s  %s%s%s\n", words[f], what, found, mend ? "; mend: " : "",
           mend ? mend : "");
    d->bad += f == FINDING_BAD;
}

/* The configuration, or the defaults where there is none. */
static void load(struct doctor *d, struct why *w)
{
    struct start_conf conf = { .need = { .receiver = true } };
    err rc = start_load(&d->start, d->args, &conf, w);
    d->no_file = rc == ERR_MISSING && !d->args->files.n;
    conf.bare = d->no_file;
    if (d->no_file)
        rc = start_load(&d->start, d->args, &conf, w);
    d->loaded = rc == ERR_OK;
    d->receives = d->loaded && node_path(d->start.config.resolved, "inputs");
}

static bool is_running(const struct doctor *d)
{
    const struct local_question q = { .data = d->start.config.paths.data,
                                      .method = "GET",
                                      .path = "/api/v1/health",
                                      .wait_ns = WAIT_NS };
    struct local_answer answer;
    struct arena a;
    struct why ignored;
    arena_init(&a, NULL, 0);
    bool answers = local_ask(&q, &a, &answer, &ignored) == ERR_OK;
    arena_free(&a);
    return answers;
}

int doctor_command(const struct args *a)
{
    static struct doctor d;
    struct why w = { "" };
    d.args = a;
    load(&d, &w);
    if (!d.loaded)
        doctor_say(&d, FINDING_BAD, "configuration", w.text, NULL);
    d.running = d.loaded && is_running(&d);
    doctor_kernel(&d);
    doctor_capture(&d);
    doctor_rights(&d);
    doctor_processes(&d);
    doctor_clock(&d);
    doctor_libraries(&d);
    if (d.loaded) {
        doctor_configuration(&d);
        doctor_packs(&d);
        doctor_ports(&d);
        doctor_data(&d);
        start_free(&d.start);
    }
    if (d.bad)
        printf("%u to mend\n", d.bad);
    return d.bad ? 1 : 0;
}
