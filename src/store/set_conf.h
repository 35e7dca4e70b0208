/* Index sets and streams as they are written: in a pack's index_set.yml and stream.yml, and by
 * `wirelume index-set`. */
#pragma once

#include "base/buf.h"
#include "model/message_stream.h"
#include "model/option.h"
#include "store/index_set.h"

extern const struct option index_set_options[], stream_options[], stream_rule_options[];

/* The name of an enum stream_rule_type; "?" when it is none. */
const char *stream_rule_name(int type);

/* Fills s (but id, creation, is_default) from the section; what it does not give is as
 * index_set_preset has it. Keys that nobody knows are refused. */
MUST_CHECK err set_conf_read(struct index_set *s, const struct node *section, struct arena *a,
                             struct why *w);

/* The settings of s as YAML that set_conf_read takes. */
void set_conf_write(struct buf *b, const struct index_set *s);

/* Changes settings of s by assignments KEY=VALUE (rotation.strategy=count). Title and prefix stay
 * what they are. */
MUST_CHECK err set_conf_change(struct index_set *s, const struct texts *assignments,
                               struct arena *a, struct why *w);

/* A stream; *index_set is the title of its index set (NULL: the default one). In a. */
MUST_CHECK err stream_conf_read(struct stream_def *s, const char **index_set,
                                const struct node *section, struct arena *a, struct why *w);
