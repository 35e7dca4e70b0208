/* Files of the dashboard: a table in memory, so that no path leads anywhere else. */
#pragma once

struct exchange;

/* Answers a GET or HEAD whose path is not the API's. Any thread. */
void static_answer(struct exchange *x);
