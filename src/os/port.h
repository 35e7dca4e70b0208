/* Ports of this machine, asked before somebody else is told to listen there. Any thread. */
#pragma once

#include "base/err.h"

enum port_kind { PORT_TCP, PORT_UDP };

/* False: somebody listens on that port of 127.0.0.1 (or of all addresses), or it may not be had. */
bool port_is_free(enum port_kind kind, unsigned port);

/* One that is free now; 0 when none can be had. */
unsigned port_find(enum port_kind kind);
