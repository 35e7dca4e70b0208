/* Which packs are wanted, and where they are: the section `pack` of the configuration. */
#pragma once

#include "app/args.h"
#include "app/config.h"
#include "pack/pack.h"

extern const struct option pack_options[];

/* Fills out from the section; memory from c->mem, and as long as that. `note` gets a line when the
 * packs that are there by default are not; else it is empty. */
MUST_CHECK err packs_configure(struct packs_conf *out, struct config *c, struct why *note,
                               struct why *w);

/* The configuration for commands about packs: without a file, and none named, every setting has its
 * default. Says the note on standard error. */
MUST_CHECK err packs_look(struct packs_conf *out, struct config *c, const struct args *a,
                          struct why *w);

/* A pack as a command's argument: a folder with a pack.yml, or written with a '/', as its whole
 * path; else the name as it is. In a. */
const char *packs_argument(const char *text, struct arena *a);

/* What would be told when these packs are used, beside what packs_load tells: of their streams and
 * index sets. */
void packs_check_wanted(const struct packs *packs, struct mistakes *wrong);

/* Both with the mistakes as one why: the first, and how many more there are. */
MUST_CHECK err packs_load_or(const struct packs_conf *conf, struct packs **out, struct why *w);
