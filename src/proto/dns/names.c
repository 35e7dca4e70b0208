/* Numbers of the DNS and their names (https://www.iana.org/assignments/dns-parameters). */
#include "proto/dns/names.h"

#include "base/table.h"
#include "proto/dns/message.h"

/* clang-format off */
static const char *const types[] = {
    [0] = "None", [1] = "A", [2] = "NS", [3] = "MD", [4] = "MF", [5] = "CNAME", [6] = "SOA",
    [7] = "MB", [8] = "MG", [9] = "MR", [10] = "NULL", [11] = "WKS", [12] = "PTR", [13] = "HINFO",
    [14] = "MINFO", [15] = "MX", [16] = "TXT", [17] = "RP", [18] = "AFSDB", [19] = "X25",
    [20] = "ISDN", [21] = "RT", [22] = "NSAP", [23] = "NSAP-PTR", [24] = "SIG", [25] = "KEY",
    [26] = "PX", [27] = "GPOS", [28] = "AAAA", [29] = "LOC", [30] = "NXT", [31] = "EID",
    [32] = "NIMLOC", [33] = "SRV", [34] = "ATMA", [35] = "NAPTR", [36] = "KX", [37] = "CERT",
    [38] = "A6", [39] = "DNAME", [40] = "SINK", [41] = "OPT", [42] = "APL", [43] = "DS",
    [44] = "SSHFP", [45] = "IPSECKEY", [46] = "RRSIG", [47] = "NSEC", [48] = "DNSKEY",
    [49] = "DHCID", [50] = "NSEC3", [51] = "NSEC3PARAM", [52] = "TLSA", [53] = "SMIMEA",
    [55] = "HIP", [56] = "NINFO", [57] = "RKEY", [58] = "TALINK", [59] = "CDS", [60] = "CDNSKEY",
    [61] = "OPENPGPKEY", [62] = "CSYNC", [63] = "ZONEMD", [64] = "SVCB", [65] = "HTTPS",
    [66] = "DSYNC", [99] = "SPF", [100] = "UINFO", [101] = "UID", [102] = "GID", [103] = "UNSPEC",
    [104] = "NID", [105] = "L32", [106] = "L64", [107] = "LP", [108] = "EUI48", [109] = "EUI64",
    [128] = "NXNAME", [249] = "TKEY", [250] = "TSIG", [251] = "IXFR", [252] = "AXFR",
    [253] = "MAILB", [254] = "MAILA", [255] = "ANY", [256] = "URI", [257] = "CAA", [258] = "AVC",
    [259] = "DOA", [260] = "AMTRELAY", [261] = "RESINFO", [262] = "WALLET",
};

static const char *const classes[] = {
    [1] = "IN", [2] = "CS", [3] = "CH", [4] = "HS", [254] = "NONE", [255] = "ANY",
};

static const char *const opcodes[] = {
    [0] = "QUERY", [1] = "IQUERY", [2] = "STATUS", [4] = "NOTIFY", [5] = "UPDATE",
};

static const char *const rcodes[] = {
    [0] = "NOERROR", [1] = "FORMERR", [2] = "SERVFAIL", [3] = "NXDOMAIN", [4] = "NOTIMP",
    [5] = "REFUSED", [6] = "YXDOMAIN", [7] = "YXRRSET", [8] = "NXRRSET", [9] = "NOTAUTH",
    [10] = "NOTZONE", [16] = "BADSIG", [17] = "BADKEY", [18] = "BADTIME", [19] = "BADMODE",
    [20] = "BADNAME", [21] = "BADALG", [22] = "BADTRUNC", [23] = "BADCOOKIE",
};

static const char *const algorithms[] = {
    [1] = "RSAMD5", [2] = "DH", [3] = "DSA", [5] = "RSASHA1", [6] = "DSA-NSEC3-SHA1",
    [7] = "RSASHA1-NSEC3-SHA1", [8] = "RSASHA256", [10] = "RSASHA512", [12] = "ECC-GOST",
    [13] = "ECDSAP256SHA256", [14] = "ECDSAP384SHA384", [15] = "ED25519", [16] = "ED448",
    [252] = "INDIRECT", [253] = "PRIVATEDNS", [254] = "PRIVATEOID",
};

static const char *const hashes[] = {
    [1] = "SHA1", [2] = "SHA256", [3] = "GOST94", [4] = "SHA384", [5] = "SHA512",
};

const struct dns_flag_name dns_flag_names[DNS_FLAGS] = {
    { DNS_AA, "AA", "aa" }, { DNS_TC, "TC", "tc" }, { DNS_RD, "RD", "rd" },
    { DNS_RA, "RA", "ra" }, { DNS_AD, "AD", "ad" }, { DNS_CD, "CD", "cd" },
};
/* clang-format on */

static void put_name_or_number(struct buf *out, const char *name, unsigned number)
{
    if (name)
        buf_cstr(out, name);
    else
        buf_dec(out, number);
}

const char *dns_type_name(uint16_t type)
{
    switch (type) {
    case 32768:
        return "TA";
    case 32769:
        return "DLV";
    case 65535:
        return "Reserved";
    default:
        return name_of(types, COUNT(types), type);
    }
}

void dns_put_type(struct buf *out, uint16_t type)
{
    put_name_or_number(out, dns_type_name(type), type);
}

const char *dns_class_name(uint16_t class)
{
    return name_of(classes, COUNT(classes), class);
}

void dns_put_class(struct buf *out, uint16_t class)
{
    put_name_or_number(out, dns_class_name(class), class);
}

const char *dns_opcode_name(unsigned opcode)
{
    return name_of(opcodes, COUNT(opcodes), opcode);
}

void dns_put_opcode(struct buf *out, unsigned opcode)
{
    put_name_or_number(out, dns_opcode_name(opcode), opcode);
}

const char *dns_rcode_name(unsigned rcode)
{
    return name_of(rcodes, COUNT(rcodes), rcode);
}

void dns_put_rcode(struct buf *out, unsigned rcode)
{
    const char *name = dns_rcode_name(rcode);
    if (!name)
        buf_lit(out, "Unknown ");
    put_name_or_number(out, name, rcode);
}

void dns_put_algorithm(struct buf *out, uint8_t algorithm)
{
    put_name_or_number(out, name_of(algorithms, COUNT(algorithms), algorithm), algorithm);
}

void dns_put_hash(struct buf *out, uint8_t hash)
{
    put_name_or_number(out, name_of(hashes, COUNT(hashes), hash), hash);
}

bool dns_type_is_known(uint16_t type)
{
    return type && dns_type_name(type);
}

bool dns_class_is_known(uint16_t class)
{
    return name_of(classes, COUNT(classes), class);
}
