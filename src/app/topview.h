/* The screen of `wirelume top`: two samples of /stats and one of /glance as text. Pure. */
#pragma once

#include "base/buf.h"
#include "codec/tree.h"

enum top_sort { TOP_BY_EVENTS, TOP_BY_MESSAGES, TOP_BY_TROUBLE, TOP_BY_NAME, TOP_SORTS };

struct topview {
    const struct node *now, *before; /* /stats; before NULL: there is no rate yet */
    const struct node *glance;
    const char *host; /* who was asked */
    double seconds;   /* between the samples */
    enum top_sort sort;
    bool paused;
    const char *trouble; /* the last question failed; NULL */
};

/* Lines that fit, each ended by "\n" (plain), else with what a terminal needs to draw over the
 * screen before. */
void topview_write(struct buf *b, const struct topview *v, unsigned rows, unsigned cols,
                   bool plain);
