/* Packs at work: the stage of the receiver's pipe (pipe/message_stage.h). A batch goes through the
 * packs that were in force when it came; they stay until it is given back, whatever is loaded
 * meanwhile. All of it is the pipe's thread's, but for what
 * meaning_rules gives. */
#pragma once

#include "app/args.h"
#include "base/err.h"
#include "model/counter.h"
#include "pipe/message_stage.h"
#include "web/web.h"

struct meaning;

/* Loads the packs that the configuration wants; with none, messages still begin in the default
 * stream. */
MUST_CHECK err meaning_open(struct meaning **out, const struct args *a, struct counters *counters,
                            struct why *w);
void meaning_close(struct meaning *m);

/* As long as m. NULL gives NULL. */
const struct message_stage *meaning_stage(const struct meaning *m);

/* The packs in force, for who looks at them on another thread. NULL gives none. */
struct web_rules meaning_rules(struct meaning *m);

/* Reads the configuration's section `pack` and the packs anew. With a mistake anywhere those that
 * are in force stay, and one line says why. */
void meaning_reload(struct meaning *m, const char *reason);

/* What each rule and table has done since it was loaded, a line for each that did something. */
void meaning_print(const struct meaning *m, FILE *out);

/* Now and then: files of tables that changed are loaded, rules that fail are told of once. */
void meaning_tick(struct meaning *m);
