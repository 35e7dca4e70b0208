/* What this program is, and whose events it speaks. */
#pragma once

#define WIRELUME_VERSION "0.1.0"

/* agent.type and agent.version of events, and @metadata.beat: index templates and dashboards are
 * made for them. */
#define EVENTS_BEAT    "packetbeat"
#define EVENTS_VERSION "8.13.0"
