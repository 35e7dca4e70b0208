/* wirelume export config */
#include "app/command.h"
#include "app/dump.h"
#include "app/start.h"

int export_config_command(const struct args *a)
{
    struct config c;
    struct config_source source = start_source(a);
    struct dump_conf conf = { .as_exported = true };
    struct why why;
    if (config_read(&c, &source, &why))
        return start_refuse(&why);
    dump_tree(stdout, c.root, &conf);
    config_free(&c);
    return 0;
}
