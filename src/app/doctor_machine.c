/* wirelume doctor: the kernel, rights, the clock, libraries. */
#include <errno.h>
#include <event2/event.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pcap/pcap.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "app/doctor.h"
#include "app/version.h"
#include "base/buf.h"
#include "codec/json.h"
#include "os/callset.h"
#include "os/clock.h"
#include "os/features.h"
#include "os/fence.h"
#include "os/rights.h"
#include "out/store.h"
#include "store/library.h"

#define NS_PER_S     INT64_C(1000000000)
#define FIRST_NS     (INT64_C(1767225600) * NS_PER_S) /* 2026: no clock that is right is before */
#define FILES_WANTED 4096
#define DIGEST_TEXT  65
#define LIBRARY_MAX  ((size_t)1 << 30)

/* ---- the kernel */

void doctor_kernel(struct doctor *d)
{
    char text[256];
    unsigned abi = fence_abi();
    doctor_say(d, FINDING_OK, "program", WIRELUME_VERSION, NULL);
    doctor_say(d, FINDING_OK, "kernel", kernel_text(text, sizeof text), NULL);
    snprintf(text, sizeof text, "version %u", abi);
    doctor_say(d, abi ? FINDING_OK : FINDING_NOTE, "Landlock", abi ? text : "none",
               abi ? NULL : "Linux 5.13 or newer with lsm=…,landlock; files stay open without");
    bool filters = feature_works(FEATURE_SECCOMP);
    doctor_say(d, filters ? FINDING_OK : FINDING_NOTE, "seccomp",
               filters ? "system calls can be filtered" : "none",
               filters ? NULL : "a kernel with CONFIG_SECCOMP_FILTER");
}

/* What capturing takes; without the right to, nothing of it can be tried. */
void doctor_capture(struct doctor *d)
{
    static const struct {
        enum feature feature;
        const char *name, *without;
    } tried[] = {
        { FEATURE_RING, "TPACKET_V3", "type: pcap" },
        { FEATURE_FANOUT, "fanout", "workers: 1" },
        { FEATURE_BPF, "BPF", "no bpf_filter" },
    };
    if (!feature_works(FEATURE_PACKET)) {
        doctor_say(d, d->receives ? FINDING_NOTE : FINDING_BAD, "AF_PACKET", strerror(errno),
                   "run as root, or setcap cap_net_raw,cap_net_admin=eip PROGRAM");
        return;
    }
    doctor_say(d, FINDING_OK, "AF_PACKET", "capture is allowed", NULL);
    for (size_t i = 0; i < COUNT(tried); i++) {
        bool works = feature_works(tried[i].feature);
        doctor_say(d, works ? FINDING_OK : FINDING_NOTE, tried[i].name,
                   works ? "works" : strerror(errno), works ? NULL : tried[i].without);
    }
}

/* ---- this process */

void doctor_rights(struct doctor *d)
{
    char set[512], text[1024];
    struct rlimit files = { 0, 0 };
    snprintf(text, sizeof text, "user %u, capabilities: %s", (unsigned)geteuid(),
             rights_text(rights_now(), set, sizeof set));
    doctor_say(d, FINDING_OK, "rights", text, NULL);
    getrlimit(RLIMIT_NOFILE, &files);
    snprintf(text, sizeof text, "at most %llu", (unsigned long long)files.rlim_max);
    bool enough = files.rlim_max >= FILES_WANTED;
    doctor_say(d, enough ? FINDING_OK : FINDING_NOTE, "open files", text,
               enough ? NULL : "ulimit -Hn 65536, or LimitNOFILE= of its unit");
}

void doctor_clock(struct doctor *d)
{
    char text[64];
    struct buf b = buf_of(text, sizeof text - 1);
    int64_t now = clock_real_ns();
    buf_time(&b, now, TIME_MILLI);
    bool kept = clock_is_synchronised();
    buf_cstr(&b, kept ? ", kept right" : ", kept right by nobody");
    text[b.n] = '\0';
    if (now < FIRST_NS)
        doctor_say(d, FINDING_BAD, "clock", text, "set it: events carry its time");
    else
        doctor_say(d, kept ? FINDING_OK : FINDING_NOTE, "clock", text,
                   kept ? NULL : "chrony or systemd-timesyncd");
}

/* ---- libraries */

static bool add_file(EVP_MD_CTX *c, const char *path)
{
    static uint8_t block[65536];
    FILE *f = fopen(path, "rbe");
    size_t n, all = 0;
    while (f && (n = fread(block, 1, sizeof block, f)) && all < LIBRARY_MAX) {
        EVP_DigestUpdate(c, block, n);
        all += n;
    }
    bool whole = f && feof(f);
    if (f)
        fclose(f);
    return whole;
}

/* SHA-256 in hexadecimal; "unreadable". */
static const char *digest(const char *path, char text[DIGEST_TEXT])
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf b = buf_of(text, DIGEST_TEXT - 1);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool whole = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) && add_file(c, path) &&
                 EVP_DigestFinal_ex(c, sum, &n);
    EVP_MD_CTX_free(c);
    if (whole)
        buf_hex(&b, slice_of(sum, n), false);
    else
        buf_cstr(&b, "unreadable");
    text[b.n] = '\0';
    return text;
}

static const char *first_there(const struct libraries *l)
{
    for (unsigned i = 0; l->v[i]; i++)
        if (access(l->v[i], R_OK) == 0)
            return l->v[i];
    return NULL;
}

static void look_at_store(struct doctor *d)
{
    static struct libraries l;
    char text[5000], sum[DIGEST_TEXT];
    struct why w = { "" };
    const struct node *given =
        d->loaded ? node_path(d->start.config.resolved, "output.store.library") : NULL;
    libraries_find(&l, given ? given->text : NULL);
    const char *path = first_there(&l);
    if (!path || duck_check(l.v, &w)) {
        doctor_say(d, FINDING_NOTE, "DuckDB", path ? w.text : "not there: nothing is stored",
                   "tools/fetch-duckdb, or wirelume-fetch-duckdb of an installed one");
        return;
    }
    snprintf(text, sizeof text, "%s, sha256 %s", path, digest(path, sum));
    doctor_say(d, FINDING_OK, "DuckDB", text, NULL);
}

static void look_at_regex(struct doctor *d)
{
    int code;
    size_t at;
    char text[64];
    pcre2_code *re = pcre2_compile((PCRE2_SPTR) "a", 1, 0, &code, &at, NULL);
    bool fast = re && pcre2_jit_compile(re, PCRE2_JIT_COMPLETE) == 0;
    pcre2_code_free(re);
    pcre2_config(PCRE2_CONFIG_VERSION, text);
    doctor_say(d, fast ? FINDING_OK : FINDING_NOTE, "pcre2", text,
               fast ? NULL
                    : "memory may not be made executable here (MemoryDenyWriteExecute): regexp "
                      "conditions are slower, not different");
}

void doctor_libraries(struct doctor *d)
{
    doctor_say(d, FINDING_OK, "OpenSSL", OpenSSL_version(OPENSSL_VERSION), NULL);
    doctor_say(d, FINDING_OK, "libpcap", pcap_lib_version(), NULL);
    doctor_say(d, FINDING_OK, "libevent", event_get_version(), NULL);
    doctor_say(d, FINDING_OK, "SQLite", sqlite3_libversion(), NULL);
    look_at_regex(d);
    look_at_store(d);
}
