/* What the cases of rules and of pipelines share: the streams that are there, the message that a
 * case begins with, and how what became of it is compared (README of the vectors). */
#pragma once

#include "lib/vectors.h"
#include "pack/eval.h"

#define VECTORS_NOW_MS  1707945600000 /* 2024-02-14T21:20:00.000Z */
#define VECTORS_DEFAULT SLICE("000000000000000000000001")

enum { VECTORS_STREAMS = 7 };
extern const struct rule_stream vectors_streams[VECTORS_STREAMS];

/* The message that `of` (its `fields`, `streams`, `input`) describes; NULL: it has a value of a
 * class of Java that messages do not hold. */
struct message *vectors_message(struct vectors_case *c, const struct jsondoc_node *of);

/* Compares the titles of its streams with `streams` of what is wanted. */
bool vectors_same_streams(struct vectors_case *c, const struct message *m);

/* Java's words after a fault of Java's are not ours: the text up to them. */
struct slice vectors_up_to_cause(struct slice s);
