/* A Lumberjack receiver on a thread, on a port of the loopback, that behaves as a script says. */
#pragma once

#include "base/slice.h"

struct receiver;

/* One text a connection, the last for all that follow; in it one letter a window, the last for all
 * that follow:
 *   A acknowledges all          1 acknowledges event by event      0 says 0 three times, then all
 *   H acknowledges half, closes R closes with a reset, no answer   C closes in order, no answer
 *   S answers nothing           + acknowledges one too many        B answers other bytes
 *   X closes before it has read */
struct receiver *receiver_start(const char *const *script, unsigned n);
const char *receiver_host(const struct receiver *r); /* 127.0.0.1:port */

/* Closes everything; what was counted stays. */
void receiver_stop(struct receiver *r);
void receiver_free(struct receiver *r);

/* Payloads are numbers in decimal below RECEIVER_MAX: how often each was acknowledged, and read. */
#define RECEIVER_MAX 100000
unsigned receiver_acked(const struct receiver *r, unsigned number);
unsigned receiver_read(const struct receiver *r, unsigned number);
unsigned receiver_connections(const struct receiver *r);

/* Windows that came, and how many events the i-th had (of the first 256). */
unsigned receiver_windows(const struct receiver *r);
unsigned receiver_window(const struct receiver *r, unsigned i);

bool receiver_was_disordered(const struct receiver *r); /* a number was not one more than before */
