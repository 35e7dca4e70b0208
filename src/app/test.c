/* wirelume test config, wirelume test output */
#include <signal.h>
#include <unistd.h>

#include "app/command.h"
#include "app/packs.h"
#include "app/start.h"
#include "out/report.h"

static int load(const struct args *a, struct start *s)
{
    struct start_conf conf = { .need = { .output = true, .receiver = true } };
    struct why why;
    if (start_load(s, a, &conf, &why))
        return start_refuse(&why);
    return 0;
}

/* Packs are the receiver's: they are loaded where it, or they, are configured. */
static int check_packs(struct config *c)
{
    struct packs_conf conf;
    struct packs *packs;
    struct why note, why;
    if (!node_path(c->resolved, "pack") && !node_path(c->resolved, "inputs"))
        return 0;
    err rc = packs_configure(&conf, c, &note, &why);
    if (!rc && note.text[0])
        fprintf(stderr, "%s\n", note.text);
    if (!rc)
        rc = packs_load_or(&conf, &packs, &why);
    if (rc)
        return start_refuse(&why);
    packs_drop(packs);
    return 0;
}

int test_config_command(const struct args *a)
{
    struct start s;
    if (load(a, &s))
        return 1;
    if (check_packs(&s.config)) {
        start_free(&s);
        return 1;
    }
    for (unsigned i = 0; i < s.settings.n_notes; i++)
        fprintf(stderr, "%s\n", s.settings.notes[i]);
    puts("Config OK");
    start_free(&s);
    return 0;
}

int test_output_command(const struct args *a)
{
    struct start s;
    if (load(a, &s))
        return 1;
    const struct output *o = s.settings.output;
    struct report r = { .fd = STDOUT_FILENO, .colour = isatty(STDOUT_FILENO) };
    struct why why;
    err rc = ERR_OK;
    if (o->test) {
        signal(SIGPIPE, SIG_IGN);
        rc = o->test(s.settings.output_conf, &r, &why);
    } else {
        printf("%s output doesn't support testing\n", o->name);
    }
    start_free(&s);
    if (rc)
        return start_refuse(&why);
    return !o->test || r.failures ? 1 : 0;
}
