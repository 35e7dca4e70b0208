/* Events of DNS transactions for measuring: JSON of 1.5 KB as a Packetbeat sends it, with names and
 * addresses that come again as in real traffic. The same ones on every run. */
#pragma once

#include "base/slice.h"

/* Makes n events, whose memory stays; returns their mean size in bytes. */
size_t dns_events_make(struct slice *events, unsigned n);
