/* What the receiver tells those who look at it: agents that sent messages, the newest message, and
 * what is wrong at the moment. Written by the pipe's thread, read by any. Bounded: beyond
 * BOARD_AGENTS the agent that was silent for longest is forgotten. */
#pragma once

#include "model/message.h"

#define BOARD_AGENTS 1024
#define BOARD_TEXT   128 /* of an agent's id, name and version; longer ones are cut */
#define BOARD_NOTES  8
#define BOARD_MINUTE 6 /* parts of a minute that messages are counted in */

struct board_agent {
    char id[BOARD_TEXT], name[BOARD_TEXT], version[BOARD_TEXT];
    int64_t first_ms, last_ms; /* clock of this machine */
    uint32_t part[BOARD_MINUTE];
    int64_t part_number; /* of the newest part, since 1970 */
};

struct board;

struct board *board_new(void);
void board_free(struct board *b);

/* The pipe: these messages are durable. */
void board_messages(struct board *b, struct message *const *m, unsigned n, int64_t now_ms);

/* The pipe: a line about what is wrong, by a number below BOARD_NOTES; NULL or "": it is not. */
void board_note(struct board *b, unsigned number, const char *text);

/* Any thread: time of the newest message, ms since 1970; 0: none yet. */
int64_t board_latest_ms(const struct board *b);

/* Any thread: copies of up to cap agents; gives how many. */
unsigned board_agents(struct board *b, struct board_agent *out, unsigned cap);

/* Messages of the last minute. */
uint64_t board_agent_minute(const struct board_agent *a, int64_t now_ms);

/* Any thread: calls each for every note, under the board's lock. */
void board_notes(struct board *b, void (*each)(void *ctx, const char *text), void *ctx);
