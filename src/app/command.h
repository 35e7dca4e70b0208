/* The commands: one file each, one row each in command.c. */
#pragma once

#include "app/args.h"

struct command {
    const char *name;   /* one word, or two ("test config") */
    const char *params; /* what may follow, for help; NULL: nothing */
    const char *doc;    /* one sentence */
    const char *more;   /* paragraphs below it in help; NULL */
    unsigned scope;     /* enum flag_scope: its flags beside the global ones */
    bool hidden;
    int (*run)(const struct args *a); /* gives the exit status */
};

/* Ends with a row without name. */
extern const struct command commands[];

/* The command that argv begins with, by one or two words; *words is set to how many. NULL: none. */
const struct command *command_find(const char *const *argv, unsigned n, unsigned *words);

/* The name nearest to a misspelled one, or NULL. */
const char *command_nearest(const char *name);

/* Usage of a command (NULL: of the program) on out. */
void command_usage(FILE *out, const struct command *c);

int run_command(const struct args *a);
int up_command(const struct args *a);
int serve_command(const struct args *a);
int web_user_command(const struct args *a);
int web_token_command(const struct args *a);
int dead_letter_list_command(const struct args *a);
int dead_letter_show_command(const struct args *a);
int dead_letter_replay_command(const struct args *a);
int test_config_command(const struct args *a);
int test_output_command(const struct args *a);
int export_config_command(const struct args *a);
int doctor_command(const struct args *a);
int devices_command(const struct args *a);
int version_command(const struct args *a);
int help_command(const struct args *a);
int config_command(const struct args *a);
int fields_command(const struct args *a);
int completion_command(const struct args *a);
int keystore_create_command(const struct args *a);
int keystore_add_command(const struct args *a);
int keystore_list_command(const struct args *a);
int keystore_remove_command(const struct args *a);
int stream_list_command(const struct args *a);
int stream_show_command(const struct args *a);
int index_set_list_command(const struct args *a);
int index_set_show_command(const struct args *a);
int index_set_set_command(const struct args *a);
int sample_remove_command(const struct args *a);
int query_command(const struct args *a);
int store_export_command(const struct args *a);
int store_check_command(const struct args *a);
int store_repair_command(const struct args *a);
int store_compact_command(const struct args *a);
int import_command(const struct args *a);
int trace_command(const struct args *a);
int pack_list_command(const struct args *a);
int pack_show_command(const struct args *a);
int pack_check_command(const struct args *a);
int pack_test_command(const struct args *a);
int pack_export_command(const struct args *a);
int watch_command(const struct args *a);
int top_command(const struct args *a);
int docs_command(const struct args *a);
