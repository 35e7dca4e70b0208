/* wirelume test config, wirelume test output */
#include "app/command.h"
#include "app/start.h"

static int load(const struct args *a, struct start *s)
{
    struct start_conf conf = { .need.output = true };
    struct why why;
    if (start_load(s, a, &conf, &why))
        return start_refuse(&why);
    return 0;
}

int test_config_command(const struct args *a)
{
    struct start s;
    if (load(a, &s))
        return 1;
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
    printf("%s output doesn't support testing\n", s.settings.output->name);
    start_free(&s);
    return 1;
}
