/* What most commands begin with. */
#include "app/start.h"

#include "app/health.h"
#include "base/log.h"
#include "out/tls.h"

struct config_source start_source(const struct args *a)
{
    return (struct config_source){
        .files = a->files, .sets = a->sets, .paths = a->paths, .strict_perms = a->strict_perms
    };
}

int start_refuse(const struct why *w)
{
    fprintf(stderr, "Exiting: %s\n", w->text);
    return 1;
}

err start_load(struct start *s, const struct args *a, const struct start_conf *conf, struct why *w)
{
    static bool fields_added;
    struct config_source source = start_source(a);
    source.bare = conf->bare;
    if (!fields_added) {
        proto_add_fields();
        health_add_fields();
    }
    fields_added = true;
    err rc = config_load(&s->config, &source, w);
    if (rc)
        return rc;
    tls_set_folder(s->config.paths.config);
    rc = settings_load(&s->settings, &s->config, &conf->need, w);
    if (!rc)
        rc = capture_check(s->settings.interface, s->settings.n_interfaces, w);
    if (rc)
        config_free(&s->config);
    return rc;
}

static bool is_service(const char *environment)
{
    return slice_eq_nocase(slice_cstr(environment), SLICE("systemd")) ||
           slice_eq_nocase(slice_cstr(environment), SLICE("container"));
}

static struct logfile_conf log_conf(const struct start *s, const struct args *a, bool plain)
{
    return (struct logfile_conf){ .logging = plain ? NULL : &s->settings.logging,
                                  .folder = s->config.paths.logs,
                                  .debug = a->selectors,
                                  .to_stderr = a->to_stderr,
                                  .verbose = a->verbose,
                                  .plain = plain,
                                  .service = is_service(a->environment) };
}

err start_log(const struct start *s, const struct args *a, bool plain, struct why *w)
{
    struct logfile_conf conf = log_conf(s, a, plain);
    err rc = logfile_open(&conf, w);
    for (unsigned i = 0; i < s->settings.n_notes && !rc; i++)
        log_warn("config", "%s", s->settings.notes[i]);
    return rc;
}

void start_relog(const struct start *s, const struct args *a)
{
    struct logfile_conf conf = log_conf(s, a, false);
    logfile_level(&conf);
}

void start_free(struct start *s)
{
    config_free(&s->config);
}
