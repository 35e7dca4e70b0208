/* Numbers of the DNS and their names (https://www.iana.org/assignments/dns-parameters). */
#pragma once

#include "base/buf.h"

/* Record types that the code names. */
enum rr_type {
    RR_A = 1,
    RR_NS = 2,
    RR_MD = 3,
    RR_MF = 4,
    RR_CNAME = 5,
    RR_SOA = 6,
    RR_MB = 7,
    RR_MG = 8,
    RR_MR = 9,
    RR_PTR = 12,
    RR_HINFO = 13,
    RR_MINFO = 14,
    RR_MX = 15,
    RR_TXT = 16,
    RR_RP = 17,
    RR_AFSDB = 18,
    RR_X25 = 19,
    RR_RT = 21,
    RR_NSAP_PTR = 23,
    RR_SIG = 24,
    RR_KEY = 25,
    RR_PX = 26,
    RR_GPOS = 27,
    RR_AAAA = 28,
    RR_LOC = 29,
    RR_NXT = 30,
    RR_SRV = 33,
    RR_NAPTR = 35,
    RR_KX = 36,
    RR_CERT = 37,
    RR_DNAME = 39,
    RR_OPT = 41,
    RR_DS = 43,
    RR_SSHFP = 44,
    RR_RRSIG = 46,
    RR_NSEC = 47,
    RR_DNSKEY = 48,
    RR_NSEC3 = 50,
    RR_NSEC3PARAM = 51,
    RR_TLSA = 52,
    RR_SMIMEA = 53,
    RR_TALINK = 58,
    RR_CDS = 59,
    RR_CDNSKEY = 60,
    RR_CSYNC = 62,
    RR_ZONEMD = 63,
    RR_SVCB = 64,
    RR_HTTPS = 65,
    RR_NID = 104,
    RR_L32 = 105,
    RR_L64 = 106,
    RR_LP = 107,
    RR_EUI48 = 108,
    RR_EUI64 = 109,
    RR_TKEY = 249,
    RR_TSIG = 250,
    RR_IXFR = 251,
    RR_AXFR = 252,
    RR_ANY = 255,
    RR_URI = 256,
    RR_CAA = 257,
};

/* The header's flags in the order in which they are shown. */
#define DNS_FLAGS 6
struct dns_flag_name {
    uint16_t bit; /* enum dns_flag */
    char upper[3], lower[3];
};
extern const struct dns_flag_name dns_flag_names[DNS_FLAGS];

/* Append the name of a number, or the number in decimal. */
void dns_put_type(struct buf *out, uint16_t type);
void dns_put_class(struct buf *out, uint16_t class);
void dns_put_opcode(struct buf *out, unsigned opcode);
void dns_put_rcode(struct buf *out, unsigned rcode);        /* unknown: "Unknown N" */
void dns_put_algorithm(struct buf *out, uint8_t algorithm); /* DNSSEC */
void dns_put_hash(struct buf *out, uint8_t hash);           /* DS and NSEC3 digests */

/* The name of a number (static text), or NULL. */
const char *dns_type_name(uint16_t type);
const char *dns_class_name(uint16_t class);
const char *dns_opcode_name(unsigned opcode);
const char *dns_rcode_name(unsigned rcode);

/* True for types and classes that have a name: what a guess by content asks for. */
bool dns_type_is_known(uint16_t type);
bool dns_class_is_known(uint16_t class);
