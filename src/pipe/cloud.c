/* Providers as tables: what is asked, and where the facts stand in the answers. */
#include "pipe/cloud.h"

#include "base/buf.h"
#include "codec/json.h"
#include "host/httpget.h"

#define ANSWER_MAX_BYTES ((size_t)128 * 1024)
#define HEADERS_MAX      1024
#define TOKEN_MAX        512
#define LINK_LOCAL       "169.254.169.254"

/* clang-format off */
const char *const cloud_names[CLOUD_FACTS] = {
    [CLOUD_PROVIDER] = "cloud.provider", [CLOUD_SERVICE] = "cloud.service.name",
    [CLOUD_INSTANCE_ID] = "cloud.instance.id", [CLOUD_INSTANCE_NAME] = "cloud.instance.name",
    [CLOUD_MACHINE] = "cloud.machine.type", [CLOUD_ZONE] = "cloud.availability_zone",
    [CLOUD_REGION] = "cloud.region", [CLOUD_ACCOUNT] = "cloud.account.id",
    [CLOUD_IMAGE] = "cloud.image.id", [CLOUD_PROJECT] = "cloud.project.id",
};

/* A fact: a member of a JSON answer (`from`: its dotted path), or a whole answer of its own
 * (`from`: the path that is asked for). */
struct fact_from {
    enum cloud_fact fact;
    const char *from;
    bool last_part; /* "projects/1/zones/b-1": what follows the last slash */
};

struct provider {
    const char *names[4];      /* in the configuration */
    const char *name, *service; /* in events; service NULL: none */
    bool off;                  /* unless it is named in the configuration */
    const char *host;
    const char *json;          /* path of a JSON answer; NULL: each fact is an answer */
    const char *headers;
    const char *token;         /* path of a token to PUT first; NULL: none */
    enum cloud_fact needed;    /* an answer without it is not of this provider */
    struct fact_from facts[8];
};

static const struct provider providers[] = {
    { { "aws", "ec2", "aws-ec2" }, "aws", "EC2", false, LINK_LOCAL, "/latest/dynamic/instance-identity/document", "",
      "/latest/api/token", CLOUD_INSTANCE_ID,
      { { CLOUD_INSTANCE_ID, "instanceId", false }, { CLOUD_MACHINE, "instanceType", false }, { CLOUD_REGION, "region", false },
        { CLOUD_ZONE, "availabilityZone", false }, { CLOUD_ACCOUNT, "accountId", false }, { CLOUD_IMAGE, "imageId", false } } },
    { { "azure", "azure-compute" }, "azure", "Virtual Machines", false, LINK_LOCAL,
      "/metadata/instance/compute?api-version=2021-02-01", "Metadata: true\r\n", NULL, CLOUD_INSTANCE_ID,
      { { CLOUD_INSTANCE_ID, "vmId", false }, { CLOUD_INSTANCE_NAME, "name", false }, { CLOUD_MACHINE, "vmSize", false },
        { CLOUD_REGION, "location", false }, { CLOUD_ACCOUNT, "subscriptionId", false } } },
    { { "gcp", "google-gce" }, "gcp", "GCE", false, LINK_LOCAL, "/computeMetadata/v1/?recursive=true&alt=json",
      "Metadata-Flavor: Google\r\n", NULL, CLOUD_INSTANCE_ID,
      { { CLOUD_INSTANCE_ID, "instance.id", false }, { CLOUD_INSTANCE_NAME, "instance.name", false },
        { CLOUD_MACHINE, "instance.machineType", true }, { CLOUD_ZONE, "instance.zone", true },
        { CLOUD_PROJECT, "project.projectId", false }, { CLOUD_ACCOUNT, "project.projectId", false } } },
    { { "digitalocean" }, "digitalocean", "Droplets", false, LINK_LOCAL, "/metadata/v1.json", "", NULL, CLOUD_INSTANCE_ID,
      { { CLOUD_INSTANCE_ID, "droplet_id", false }, { CLOUD_REGION, "region", false } } },
    { { "openstack", "nova", "openstack-nova" }, "openstack", "Nova", false, LINK_LOCAL, NULL, "", NULL, CLOUD_INSTANCE_ID,
      { { CLOUD_INSTANCE_ID, "/2009-04-04/meta-data/instance-id", false }, { CLOUD_MACHINE, "/2009-04-04/meta-data/instance-type", false },
        { CLOUD_INSTANCE_NAME, "/2009-04-04/meta-data/hostname", false },
        { CLOUD_ZONE, "/2009-04-04/meta-data/placement/availability-zone", false } } },
    { { "hetzner", "hetzner-cloud" }, "hetzner", "Cloud", false, LINK_LOCAL, NULL, "", NULL, CLOUD_INSTANCE_ID,
      { { CLOUD_INSTANCE_ID, "/hetzner/v1/metadata/instance-id", false }, { CLOUD_INSTANCE_NAME, "/hetzner/v1/metadata/hostname", false },
        { CLOUD_ZONE, "/hetzner/v1/metadata/availability-zone", false }, { CLOUD_REGION, "/hetzner/v1/metadata/region", false } } },
    { { "huawei", "huawei-cloud" }, "huawei", "ECS", false, LINK_LOCAL, "/openstack/latest/meta_data.json", "", NULL, CLOUD_REGION,
      { { CLOUD_INSTANCE_ID, "uuid", false }, { CLOUD_REGION, "region_id", false }, { CLOUD_ZONE, "availability_zone", false } } },
    { { "alibaba", "ecs", "alibaba-ecs" }, "ecs", "ECS", true, "100.100.100.200", NULL, "", NULL, CLOUD_INSTANCE_ID,
      { { CLOUD_INSTANCE_ID, "/latest/meta-data/instance-id", false }, { CLOUD_REGION, "/latest/meta-data/region-id", false },
        { CLOUD_ZONE, "/latest/meta-data/zone-id", false } } },
    { { "tencent", "qcloud", "tencent-qcloud" }, "qcloud", "CVM", true, "metadata.tencentyun.com", NULL, "", NULL, CLOUD_INSTANCE_ID,
      { { CLOUD_INSTANCE_ID, "/meta-data/instance-id", false }, { CLOUD_REGION, "/meta-data/placement/region", false },
        { CLOUD_ZONE, "/meta-data/placement/zone", false } } },
};
/* clang-format on */

unsigned cloud_count(void)
{
    return COUNT(providers);
}

bool cloud_is_default(unsigned i)
{
    return !providers[i].off;
}

bool cloud_is_called(unsigned i, const char *name)
{
    for (size_t k = 0; k < COUNT(providers[i].names) && providers[i].names[k]; k++)
        if (strcmp(providers[i].names[k], name) == 0)
            return true;
    return false;
}

struct asking {
    const struct provider *p;
    const struct cloud_ask *ask;
    struct arena *mem;
    char headers[HEADERS_MAX];
};

static bool get(const struct asking *x, const char *method, const char *path, struct slice *body)
{
    struct http_request r = { .host = x->ask->host ? x->ask->host : x->p->host,
                              .port = x->ask->port ? x->ask->port : "80",
                              .method = method,
                              .path = path,
                              .headers = x->headers,
                              .deadline_ns = x->ask->deadline_ns,
                              .cancel_fd = x->ask->cancel_fd,
                              .max_bytes = ANSWER_MAX_BYTES };
    struct http_answer answer;
    struct why ignored;
    if (http_get(&r, x->mem, &answer, &ignored) || answer.status != 200)
        return false;
    *body = answer.body;
    return true;
}

static void set_headers(struct asking *x, const char *text)
{
    struct buf b = buf_of(x->headers, sizeof x->headers - 1);
    buf_cstr(&b, text);
    x->headers[b.n] = '\0';
}

static bool is_token(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return false;
    return s.n > 0 && s.n <= TOKEN_MAX;
}

/* Without a token the service may answer all the same (IMDSv1). */
static void take_token(struct asking *x)
{
    struct slice token;
    set_headers(x, "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n");
    bool given = get(x, "PUT", x->p->token, &token) && is_token(token);
    set_headers(x, x->p->headers);
    if (!given)
        return;
    struct buf b = buf_of(x->headers, sizeof x->headers - 1);
    buf_lit(&b, "X-aws-ec2-metadata-token: ");
    buf_add(&b, token);
    buf_lit(&b, "\r\n");
    x->headers[b.n] = '\0';
}

static struct slice after_slash(struct slice s)
{
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != '/')
        at--;
    return slice_after(s, at);
}

static bool fetch_json(const struct asking *x, struct cloud_meta *out)
{
    struct slice body;
    struct node *root;
    struct why ignored;
    if (!get(x, "GET", x->p->json, &body) || json_read(x->mem, body, "metadata", &root, &ignored))
        return false;
    for (const struct fact_from *f = x->p->facts; f->from; f++) {
        const struct node *n = node_path(root, f->from);
        struct slice text =
            n && n->text && n->type != NODE_NULL ? slice_cstr(n->text) : slice_of(NULL, 0);
        out->fact[f->fact] = f->last_part ? after_slash(text) : text;
    }
    return true;
}

static bool fetch_texts(const struct asking *x, struct cloud_meta *out)
{
    for (const struct fact_from *f = x->p->facts; f->from; f++)
        if (!get(x, "GET", f->from, &out->fact[f->fact]))
            return false;
    return true;
}

bool cloud_fetch(unsigned i, const struct cloud_ask *ask, struct arena *a, struct cloud_meta *out)
{
    struct asking x = { .p = &providers[i], .ask = ask, .mem = a };
    *out = (struct cloud_meta){ 0 };
    set_headers(&x, x.p->headers);
    if (x.p->token)
        take_token(&x);
    if (!(x.p->json ? fetch_json(&x, out) : fetch_texts(&x, out)) || !out->fact[x.p->needed].n)
        return false;
    out->fact[CLOUD_PROVIDER] = slice_cstr(x.p->name);
    if (x.p->service)
        out->fact[CLOUD_SERVICE] = slice_cstr(x.p->service);
    return true;
}
