/* The command line, read as Packetbeat reads it (packetbeat-core.md 1.1 to 1.3). */
#pragma once

#include <stdio.h>

#include "app/paths.h"
#include "model/option.h"

struct command;

/* Which commands a flag belongs to. */
enum flag_scope {
    FLAG_GLOBAL = 1,
    FLAG_RUN = 2,
    FLAG_CONFIG = 4,
    FLAG_FIELDS = 8,
    FLAG_KEYSTORE = 16,
    FLAG_IMPORT = 32,
    FLAG_STATE = 1024,
    FLAG_REPLAY = 64, /* what run, import, trace and watch share */
    FLAG_PACK = 128,
    FLAG_EXPORT = 8192,
    FLAG_UP = 32768,
    FLAG_QUERY = 16384,
};

struct args {
    const struct command *command;
    struct texts files, sets, selectors; /* -c, -E, -d */
    bool to_stderr, verbose, strict_perms, help;
    const char *environment;
    struct paths paths;

    const char *read_file, *dump, *cpu_profile, *memory_profile, *http_profile;
    const char *loops;
    bool top_speed, paced, one_at_a_time, dry_run;

    const char *explain, *output;
    bool show, json, markdown, force, from_stdin;
    struct texts packs; /* --pack, in order */
    const char *format;
    bool why; /* pack test --explain */
    bool now, no_sample;
    const char *variant, *lookups;
    const char *from, *to, *range, *stream, *ask, *metric, *limit, *interval, *split; /* query */
    struct texts fields;

    struct texts rest; /* what follows the command */
};

/* Reads argv (without the program's name) after the rewriting of single dashes. Memory from a. On
 * failure w holds the sentence behind "Error: ". */
MUST_CHECK err args_read(struct args *out, int argc, const char *const *argv, struct arena *a,
                         struct why *w);

/* The flags of these scopes, one a line, for help. */
void args_print_flags(FILE *out, unsigned scopes);

/* The i-th long flag of these scopes, or NULL at the end: for completion. */
const char *args_flag(unsigned scopes, unsigned i);

/* The same with all that help says of it; false at the end. */
struct flag_doc {
    const char *name, *also, *value, *doc; /* also: another name; value: its word; else NULL */
};
bool args_flag_doc(struct flag_doc *out, unsigned scopes, unsigned i);
