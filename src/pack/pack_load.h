/* What the files of the pack loader share. */
#pragma once

#include "pack/pack.h"

struct pack_loading {
    const struct packs_conf *conf;
    struct packs *packs;
    struct pack *pack; /* the present one */
    struct mistakes *wrong;
    int64_t now_ns;
};

/* pack.yml as it is written. */
struct pack_yml {
    const char *name, *title, *version, *description;
    const struct node *settings, *rules, *pipelines, *grok, *tables, *connections;
};

/* A line of `tables`, and what stands in its `adapter` and `cache`, as they are written. */
struct table_yml {
    const char *name;
    const struct node *adapter, *cache, *single, *multi, *when;
};
enum adapter_type { ADAPTER_CSV, ADAPTER_MEMORY, ADAPTER_MMDB };
struct adapter_yml {
    int type; /* enum adapter_type */
    const struct node *path, *entries;
    const char *separator, *quote, *key, *value;
    bool nocase, cidr;
    int64_t max_entries, interval_ns;
};
enum cache_type { CACHE_NONE, CACHE_GUAVA };
struct cache_yml {
    int type; /* enum cache_type */
    bool ignore_null;
    int64_t max_size, access_ns, write_ns;
};

extern const struct option pack_yml_options[], pack_setting_options[], pack_table_options[],
    pack_adapter_options[], pack_cache_options[], pack_file_options[], pack_link_options[];

/* option_load and option_unknown with every mistake noted. False: conf is not usable. */
bool pack_read(struct pack_loading *l, const struct option *table, const struct node *section,
               void *conf);

/* Reads a YAML file of the pack; NULL when it is not there (a mistake if `needed`) or is none. */
struct node *pack_yaml(struct pack_loading *l, const char *name, bool needed);

/* The parts of a pack, in this order. Mistakes are noted, and the rest is read. */
void pack_read_settings(struct pack_loading *l, const struct node *settings);
void pack_read_files(struct pack_loading *l, const struct pack_yml *yml);
void pack_read_tables(struct pack_loading *l, const struct node *tables);
void pack_read_streams(struct pack_loading *l);
void pack_read_links(struct pack_loading *l, const struct node *connections);

/* When all packs are read: everything is compiled, also what is not used, and what is used becomes
 * the program. */
void pack_read_program(struct pack_loading *l);

/* After all that, and without mistakes: what may be a slip, into conf->doubts. */
void pack_read_doubts(struct pack_loading *l);

/* Does `when` hold? Nothing there: yes. */
bool pack_when(struct pack_loading *l, const struct node *when);

/* The text with each ${setting} replaced; NULL after a mistake. */
const char *pack_expand(struct pack_loading *l, const struct node *text);

/* Where the user has written what stands in the text: at the first ${setting} in it that he chose,
 * else at the text itself. */
struct place pack_place(struct pack_loading *l, const struct node *text);

/* The same for every text of a tree, in place. */
void pack_expand_all(struct pack_loading *l, struct node *n);

/* The scalar as text: true or false for bools. */
const char *pack_scalar(const struct node *n);

/* folder/name in the arena, or name when it is absolute. */
const char *pack_join(struct pack_loading *l, const char *folder, const char *name);
