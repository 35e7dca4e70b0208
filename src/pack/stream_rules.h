/* Which streams a message is in by their rules (graylog.md 3.1): before pipelines see it. */
#pragma once

#include "base/arena.h"
#include "model/message.h"
#include "model/message_stream.h"

struct stream_rules;

/* Ready to match; v must live as long, in a. Streams that are paused or have no rules, and the
 * default stream, match nothing. A rule that cannot be read (a pattern, a number) never matches,
 * with a line in the log. NULL: memory is out. */
struct stream_rules *stream_rules_make(const struct stream_def *v, unsigned n, struct arena *a);

/* Puts the message into the streams that match, and out of the default stream when one of them
 * wants that. A pattern that takes too long is a fault: its stream does not match, and after three
 * of them never again. One thread. */
void stream_rules_run(struct stream_rules *r, struct message *m);

/* Streams that are off because of faults. */
unsigned stream_rules_disabled(const struct stream_rules *r);
