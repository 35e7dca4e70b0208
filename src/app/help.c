/* wirelume help [COMMAND] */
#include "app/command.h"

int help_command(const struct args *a)
{
    unsigned words;
    const struct command *c = NULL;
    if (a->rest.n) {
        c = command_find(a->rest.v, a->rest.n, &words);
        if (!c) {
            fprintf(stderr, "Error: unknown command \"%s\" for \"wirelume\"\n", a->rest.v[0]);
            return 1;
        }
    }
    command_usage(stdout, c);
    return 0;
}
