/* Streams at work: what packs want is made when it is absent, messages get their streams by rules
 * before pipelines see them. Belongs to the pipe's thread. */
#pragma once

#include "app/config.h"
#include "model/message.h"
#include "pack/pack.h"
#include "store/state.h"

struct routing;

/* Folder of the state and the indices: output.store.path or output.index.path, or path.data. */
const char *routing_folder(const struct config *c);

/* Opens the state below the folder (made when it is not there) and reads its streams. */
MUST_CHECK err routing_open(struct routing **out, const char *folder, struct why *w);

/* Gives packs the index sets and streams that they want: made when there is none of that title,
 * else left as they are. The packs were loaded with routing_streams as what is known, so that they
 * mean the same streams. */
MUST_CHECK err routing_add_wanted(struct routing *s, const struct packs *packs, struct why *w);
void routing_close(struct routing *s);

/* All streams with what rules ask of them (struct rule_env): until streams are added. */
const struct rule_stream *routing_streams(const struct routing *s, unsigned *n);

/* A message begins in the default stream; then the streams' own rules. */
void routing_message(struct routing *s, struct message *m);
