/* Community ID v1 (https://github.com/corelight/community-id-spec): one text for both directions.
 */
#pragma once

#include "base/addr.h"

#define COMMUNITY_ID_MAX 32 /* "1:" and 28 characters of base64, rounded up */

/* Both ends of a flow, in either direction. For ICMP and ICMPv6 sport is the type and dport the
 * code of the message. */
struct community_ends {
    struct addr src, dst;
    uint16_t sport, dport;
    uint8_t ip_proto; /* the IP protocol number */
};

/* Writes the id (no NUL) to out and returns its length. The specification's mapping of ICMP types
 * is applied here, with Packetbeat's tables (packetbeat-protocols.md 0.4). */
size_t community_id(char out[COMMUNITY_ID_MAX], uint16_t seed, const struct community_ends *ends);
