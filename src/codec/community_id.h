/* Community ID v1 (https://github.com/corelight/community-id-spec): one text for both directions.
 */
#pragma once

#include "base/addr.h"

#define COMMUNITY_ID_MAX 32 /* "1:" and 28 characters of base64, rounded up */

/* Writes the id (no NUL) to out and returns its length. For ICMP and ICMPv6 sport is the type and
 * dport the code; the spec's mapping is applied here, with Packetbeat's tables
 * (packetbeat-protocols.md 0.4). ip_proto: the IP protocol number. */
size_t community_id(char out[COMMUNITY_ID_MAX], uint16_t seed, uint8_t ip_proto,
                    const struct addr *src, const struct addr *dst, uint16_t sport, uint16_t dport);
