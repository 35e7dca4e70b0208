/* What gives messages their meaning between an input and an output (rules of packs, say). */
#pragma once

#include "model/message.h"

/* Where it puts messages: the one it was given, unless it is dropped, and others it made. */
struct message_sink {
    void *ctx;
    void (*take)(void *ctx, struct message *m);
};

/* All of it is called by the pipe's thread. */
struct message_stage {
    void *ctx;
    /* What a batch goes through from now on; it stays until `end`, whatever is loaded meanwhile:
     * messages may point into it. */
    void *(*begin)(void *ctx);
    /* m and what is made of it live in m->mem. */
    void (*process)(void *ctx, void *use, struct message *m, const struct message_sink *sink);
    void (*end)(void *ctx, void *use);
};
