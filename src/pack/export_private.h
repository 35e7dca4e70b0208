/* What the files of the export share. */
#pragma once

#include "codec/jsonprint.h"
#include "codec/uuid.h"
#include "pack/dashboard.h"
#include "pack/export.h"
#include "pack/parser.h"
#include "pack/pipeline.h"

#define EXPORT_RULES_MAX 8192

/* A rule as it is exported. */
struct export_rule {
    struct slice name, source;
    const char *file; /* below the pack's folder */
};

struct export_table {
    struct table_yml yml;
    struct adapter_yml adapter;
    struct cache_yml cache;
    const char *file; /* where the file is here, for notes: below the pack's folder, or its name */
    const char *server; /* where it must be on the servers */
    const struct node *at;
};

struct exporting {
    struct packs *packs;
    struct pack *pack;
    const struct export_conf *conf;
    struct export_result *result;
    struct mistakes *wrong;
    struct pack_loading load; /* for reading parts of pack.yml again */
    struct jsonprint j;

    struct export_rule *rule;
    struct pipeline *pipeline[PACK_FILES_MAX]; /* by file; NULL: not used */
    struct export_table table[PACK_TABLES_MAX];
    unsigned n_tables;
    struct dashboard *dashboard; /* NULL: none */
};

/* A note: what must be done, or what is left out; one that is there is not repeated. */
void export_note(struct exporting *x, const char *fmt, ...) PRINTF(2);

/* A text of the packs' arena; "" when memory is out. */
const char *export_keep(struct exporting *x, struct slice text);

/* The namespace of the pack's things of a kind. */
struct uuid export_space(const struct exporting *x, const char *kind);

/* The pack's own UUID of a thing: kind and name ("rule", its title). */
void export_uuid(const struct exporting *x, char out[UUID_TEXT], const char *kind,
                 struct slice name);

/* The id of a stream in the content pack, by its title. False: the pack has no such stream. */
bool export_stream_uuid(const struct exporting *x, char out[UUID_TEXT], struct slice title);

/* An entity's head, and its end behind `data`. */
void export_begin(struct exporting *x, const char *type, const char *version, const char *uuid);
void export_end(struct exporting *x);

/* Value references: {"@type": …, "@value": …}. */
void export_text(struct exporting *x, const char *key, struct slice text);
void export_cstr(struct exporting *x, const char *key, const char *text);
void export_bool(struct exporting *x, const char *key, bool v);
void export_integer(struct exporting *x, const char *key, int64_t v); /* 32 bits there */
void export_long(struct exporting *x, const char *key, int64_t v);

/* Before writing: each reads its part and notes what cannot be exported. */
void export_read_tables(struct exporting *x);
void export_read_rules(struct exporting *x);
void export_read_dashboard(struct exporting *x);

/* Notes what of a rule a Graylog refuses or understands otherwise, and what it needs there. */
void export_check_rule(struct exporting *x, const struct rule *r, const char *file);

/* Entities of one kind each. */
void export_tables(struct exporting *x);
void export_grok(struct exporting *x);
void export_rules(struct exporting *x);
void export_pipelines(struct exporting *x);
void export_dashboard(struct exporting *x);
