/* Packs: folders with rules, pipelines, lookup tables and streams, made into one program. What is
 * loaded never changes: a changed folder is loaded anew beside it. A pack with a mistake in any
 * file is not loaded at all. The format is in docs/packs.md. */
#pragma once

#include <stdatomic.h>

#include "model/option.h"
#include "os/folder.h"
#include "pack/eval.h"
#include "pack/grok.h"
#include "pack/lookup.h"
#include "pack/mistakes.h"
#include "pack/program.h"

#define PACKS_MAX         32
#define PACK_FILES_MAX    1024 /* of rules, and of pipelines, of all packs */
#define PACK_TABLES_MAX   256
#define PACK_STREAMS_MAX  64
#define PACK_SETTINGS_MAX 64
#define PACK_LINKS_MAX    1024 /* a pipeline at a stream */

#define DEFAULT_STREAM_ID    "000000000000000000000001"
#define DEFAULT_STREAM_TITLE "Default Stream"

/* What a pack lets its user choose. */
struct pack_setting {
    const char *name, *doc;
    int type;            /* enum pack_setting_type */
    struct texts values; /* allowed; none: any */
    const char *preset;  /* without a choice of the user */
    const char *value;   /* in force; true and false for bools; paths are whole */
    bool chosen;         /* by the user, at: */
    struct place chosen_at;
};
enum pack_setting_type { SETTING_TEXT, SETTING_BOOL, SETTING_INT, SETTING_PATH };

/* A rule or pipeline file. */
struct pack_file {
    const char *path;
    struct slice text;
    bool used; /* false: its `when` does not hold */
};

struct pack {
    const char *folder, *name, *title, *version, *description;
    struct pack_setting *setting;
    unsigned n_settings;
    struct pack_file *rule, *pipeline, *grok;
    unsigned n_rules, n_pipelines, n_grok;
    const struct node *root;               /* pack.yml */
    const struct node *stream, *index_set; /* of stream.yml, index_set.yml; NULL: no such file */
};

/* Messages of a stream go through a pipeline. */
struct pack_link {
    struct slice stream_id, pipeline;
    struct place at;
};

/* A file that is looked at again and again: when it changes, the packs are stale. */
struct pack_watch {
    const char *path;
    struct file_stamp stamp;
    int64_t interval_ns, next_ns;
};

struct packs {
    struct arena mem;
    atomic_uint users;
    struct pack pack[PACKS_MAX];
    unsigned n;
    struct lookup_table table[PACK_TABLES_MAX];
    struct place table_at[PACK_TABLES_MAX];
    struct lookup_count count[PACK_TABLES_MAX]; /* of tables */
    unsigned n_tables;
    struct rule_stream stream[PACK_STREAMS_MAX]; /* the default stream; then those of packs */
    unsigned n_streams;
    struct pack_link link[PACK_LINKS_MAX];
    unsigned n_links;
    struct pack_watch watch[PACK_TABLES_MAX];
    unsigned n_watches;
    struct grok_library *grok; /* NULL: no pack has patterns */
    struct program *program;
    uint64_t number; /* of this loading, from 1 */
};

/* Where packs are and what of them is wanted. Must live as long as what is loaded. */
struct packs_conf {
    struct texts folders;        /* of packs; one in a later folder replaces one of an earlier */
    struct texts enabled;        /* names, or paths of pack folders (with a '/') */
    const struct node *settings; /* pack name: setting: value; NULL: none */
    const char *user_folder;     /* paths that the user gives in settings are below it */
    const struct rule_stream
        *known;                    /* streams that are there: a pack's of that title is this one */
    unsigned n_known;              /* 0: ids are made from titles; copied */
    const struct node *enabled_at; /* where `enabled` is written; NULL: nowhere */
    struct mistakes *doubts; /* gets what runs and may be a slip all the same; NULL: nobody asks */
};

/* NULL with everything that is wrong in `wrong`. */
struct packs *packs_load(const struct packs_conf *conf, struct mistakes *wrong);

/* The folder of a pack; NULL: it is in none. In a. */
const char *packs_find(const struct packs_conf *conf, const char *name, struct arena *a);

/* Another user, and one less; the last one frees it. Any thread. */
struct packs *packs_take(struct packs *p);
void packs_drop(struct packs *p);

/* What rules may ask of packs: their streams, tables and grok patterns; the rest is zero. */
struct rule_env packs_env(const struct packs *p);

/* A file with a check_interval has changed; said once for each change. The owner's thread. */
bool packs_are_stale(struct packs *p, int64_t now_ns);

/* 24 hex digits made from a title; out has 25 bytes. */
void pack_stream_id(struct slice title, char out[25]);
