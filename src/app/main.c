/* The program: finds the command and runs it. */
#include "app/args.h"
#include "app/command.h"

int main(int argc, char **argv)
{
    struct arena mem;
    struct args args;
    struct why why;
    arena_init(&mem, NULL, 0);
    int status = 1;
    if (args_read(&args, argc - 1, (const char *const *)argv + 1, &mem, &why)) {
        fprintf(stderr, "Error: %s\n", why.text);
    } else if (args.help) {
        command_usage(stdout, args.command);
        status = 0;
    } else {
        status = args.command->run(&args);
    }
    arena_free(&mem);
    return status;
}
