//  SPDX-License-Identifier: GPL-2.0-or-later
//  worker_options - see worker_options.h.
#include "publisher/worker_options.h"
#include "query/instant.h"
#include "transport/socket.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PUBLISH_PORTS  7100
#define ANSWER_PORTS   7200
#define KEEP_MIN_S     60
#define KEEP_MIN_BYTES 1000000

static const setting_t s_settings[] = {
    {"number", 'N', "N", NULL,
     "Be node nN: publish on port 7100 + N, answer on 7200 + N (1 to 99)"},
    {"node", 0, "NAME", NULL, "Name of this node (default: nN with -N, else the host's name)"},
    {"source", 0, "SOURCE", "bpf",
     "What to publish: bpf (this kernel), replay:FILE (a recording), or invented frames for load: "
     "synthetic:busy, synthetic:idle, synthetic:events=3000,median=8us,sigma=1.3,seed=7"},
    {"pid", 'p', "PID", NULL,
     "Measure only this process; it is waited for where it does not exist"},
    {"cgroup", 'c', "PATH", NULL,
     "Measure only this cgroup: its folder, or its path below where cgroup2 is mounted"},
    {"store", 0, "FOLDER", NULL, "Where frames are kept (default: var/NAME)"},
    {"keep", 0, "DURATION", "24h", "Delete frames that are older: 90m, 24h, 7d"},
    {"keep-bytes", 0, "SIZE", "256MB",
     "Delete the oldest frames while there are more bytes of them: 64MB, 1GiB"},
    {"sync", 0, NULL, NULL,
     "Wait for the disk with every frame, so that a loss of power takes none; otherwise once a "
     "second"},
    {"publish", 0, "ENDPOINT", NULL, "Where frames are published (default: tcp://127.0.0.1:71NN)"},
    {"answer", 0, "ENDPOINT", NULL,
     "Where statements are answered (default: tcp://127.0.0.1:72NN)"},
    {"coordinator", 0, "ENDPOINT", "tcp://127.0.0.1:7002",
     "The broker to announce this worker to, or 'none'; it need not run yet"},
    {"advertise", 0, "ADDRESS", NULL,
     "The IP address to announce instead of the bound one, needed when bound to a wildcard"},
    {"insecure", 0, NULL, NULL,
     "Allow binding to addresses that other machines reach; the link is not yet encrypted"},
    {"cost", 0, NULL, NULL, "Print every 10 s, and at the end, what measuring costs"},
    {NULL, 0, NULL, NULL, NULL}};

const program_t publisher_program = {
    .name = "publisher",
    .purpose = "Measure this node's scheduler every second, keep the frames, publish them and "
               "answer statements about them.",
    .settings = s_settings,
    .manual = "Examples:\n"
              "  publisher -N 1                  node n1, all tasks, ports 7101 and 7201\n"
              "  publisher -N 1 -p 3327          only process 3327\n"
              "  publisher --node web1 --publish 'tcp://*:7101' --answer 'tcp://*:7201' \\\n"
              "            --advertise 10.0.0.5 --coordinator tcp://10.0.0.1:7002 \\\n"
              "            --insecure\n"
              "  publisher -N 2 --source synthetic:busy\n"
              "  publisher --config docs/examples/publisher.zpl\n"
              "\n"
              "Exit codes:\n"
              "  0  ended by a signal\n"
              "  1  the store or the recording cannot be used\n"
              "  2  wrong usage\n"
              "  3  an endpoint cannot be bound\n"
              "  4  not allowed to measure\n"
              "  5  the kernel lacks something that measuring needs\n"
              "  6  the cgroup does not exist\n"};

//  The host's name with what a node name may not hold replaced by '-'.
static void
s_host_name (char name[NODE_NAME_MAX + 1])
{
    char host[256] = "localhost";
    gethostname (host, sizeof host - 1);
    snprintf (name, NODE_NAME_MAX + 1, "%.*s", NODE_NAME_MAX, host);
    for (char *c = name; *c; c++) {
        const char one[] = {*c, 0};
        if (!node_name_is_valid (one))
            *c = '-';
    }
}

static void
s_read_node (worker_options_t *self, const settings_t *settings, int64_t number)
{
    const char *name = settings_text (settings, "node");
    if (name && !node_name_is_valid (name))
        settings_usage (settings,
                        "node: '%s' is not a node name: 1 to %d characters of A-Z a-z 0-9 . _ -",
                        name, NODE_NAME_MAX);
    if (name)
        strcpy (self->node, name);
    else if (number)
        snprintf (self->node, sizeof self->node, "n%d", (int) number);
    else
        s_host_name (self->node);
}

//  The port's colon of tcp://HOST:PORT, or NULL.
static const char *
s_port (const char *endpoint)
{
    return strncmp (endpoint, "tcp://", 6) == 0 ? strrchr (endpoint + 6, ':') : NULL;
}

static void
s_read_endpoint (const settings_t *settings, const char *name, int port, char *endpoint)
{
    const char *text = settings_text (settings, name);
    if (!text)
        snprintf (endpoint, ENDPOINT_MAX + 1, "tcp://127.0.0.1:%d", port);
    else if (strlen (text) > ENDPOINT_MAX || !endpoint_is_valid (text))
        settings_usage (settings, "%s: '%s' is not an endpoint: write tcp://ADDRESS:PORT", name,
                        text);
    else
        strcpy (endpoint, text);
    if (s_port (endpoint) && strpbrk (s_port (endpoint), "*!"))
        settings_usage (settings,
                        "%s: '%s' leaves the port open, and nobody would know it: write one", name,
                        endpoint);
}

static bool
s_is_wildcard (const char *endpoint)
{
    return strncmp (endpoint, "tcp://*:", 8) == 0 ||
           strncmp (endpoint, "tcp://0.0.0.0:", 14) == 0 ||
           strncmp (endpoint, "tcp://[::]:", 11) == 0;
}

int
endpoint_advertise (const char *endpoint, const char *address, char result[ENDPOINT_MAX + 1])
{
    const char *port = s_port (endpoint);
    if (!port)
        return -1;
    bool bare_ipv6 = strchr (address, ':') && address[0] != '[';
    int length = snprintf (result, ENDPOINT_MAX + 1, bare_ipv6 ? "tcp://[%s]%s" : "tcp://%s%s",
                           address, port);
    return length <= ENDPOINT_MAX && endpoint_is_valid (result) && !s_is_wildcard (result) ? 0 : -1;
}

static void
s_read_advertised (const worker_options_t *self, const settings_t *settings, const char *bound,
                   char *advertised)
{
    const char *address = settings_text (settings, "advertise");
    if (!address && self->coordinator && s_is_wildcard (bound))
        settings_usage (settings,
                        "%s is no address that others can connect to: name one with --advertise",
                        bound);
    if (!address)
        strcpy (advertised, bound);
    else if (endpoint_advertise (bound, address, advertised) == -1)
        settings_usage (settings, "advertise: '%s' cannot stand for the address of %s", address,
                        bound);
}

static void
s_read_coordinator (worker_options_t *self, const settings_t *settings)
{
    const char *text = settings_text (settings, "coordinator");
    self->coordinator = strcmp (text, "none") == 0 ? NULL : text;
    if (self->coordinator && !endpoint_is_valid (self->coordinator))
        settings_usage (settings,
                        "coordinator: '%s' is not an endpoint: write tcp://ADDRESS:PORT "
                        "or none",
                        text);
}

static void
s_read_source (worker_options_t *self, const settings_t *settings)
{
    const char *text = settings_text (settings, "source");
    self->source = strcmp (text, "synthetic") == 0 ? "synthetic:busy" : text;
}

static void
s_read_cgroup (scope_t *scope, const settings_t *settings)
{
    const char *path = settings_text (settings, "cgroup");
    int length = snprintf (scope->cgroup, sizeof scope->cgroup, "%s", path);
    if (length > CGROUP_PATH_MAX)
        settings_usage (settings, "cgroup: the path is longer than %d characters", CGROUP_PATH_MAX);
    scope->kind = SCOPE_CGROUP;
}

static void
s_read_scope (worker_options_t *self, const settings_t *settings)
{
    bool by_pid = settings_is_set (settings, "pid");
    bool by_cgroup = settings_is_set (settings, "cgroup");
    if (by_pid && by_cgroup)
        settings_usage (settings, "pid and cgroup cannot both limit what is measured: choose one");
    if ((by_pid || by_cgroup) && strcmp (self->source, "bpf") != 0)
        settings_usage (settings,
                        "pid and cgroup limit what is measured on this kernel; source "
                        "%s does not measure it",
                        self->source);
    if (by_cgroup)
        s_read_cgroup (&self->scope, settings);
    if (by_pid) {
        self->scope.kind = SCOPE_PID;
        self->scope.pid = (uint32_t) settings_number (settings, "pid", 1, INT32_MAX);
    }
}

static void
s_read_store (worker_options_t *self, const settings_t *settings)
{
    const char *path = settings_text (settings, "store");
    int length = path ? snprintf (self->store, sizeof self->store, "%s", path)
                      : snprintf (self->store, sizeof self->store, "var/%s", self->node);
    if (length > STORE_PATH_MAX)
        settings_usage (settings, "store: the path is longer than %d characters", STORE_PATH_MAX);
}

int
size_parse (const char *text, uint64_t *bytes)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"", 1},           {"kB", 1000},      {"MB", 1000000},  {"GB", 1000000000},
                 {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};
    char *unit;
    errno = 0;
    uint64_t number = strtoull (text, &unit, 10);
    if (*text < '0' || *text > '9' || errno)
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcasecmp (unit, units[i].name) == 0)
            return __builtin_mul_overflow (number, units[i].bytes, bytes) || *bytes > INT64_MAX ? -1
                                                                                                : 0;
    return -1;
}

static void
s_read_retention (retention_t *self, const settings_t *settings)
{
    const char *keep = settings_text (settings, "keep");
    const char *size = settings_text (settings, "keep-bytes");
    int64_t keep_s;
    if (instant_parse_duration (keep, strlen (keep), &keep_s) == -1 || keep_s < KEEP_MIN_S)
        settings_usage (settings,
                        "keep: '%s' is not a duration of at least a minute: write 90m, "
                        "24h or 7d",
                        keep);
    if (size_parse (size, &self->keep_bytes) == -1 || self->keep_bytes < KEEP_MIN_BYTES)
        settings_usage (settings,
                        "keep-bytes: '%s' is not a size of at least 1MB: write 64MB or "
                        "1GiB",
                        size);
    self->keep_s = (uint64_t) keep_s;
    self->keep_rows_s[0] = self->keep_s;
}

void
worker_options_read (worker_options_t *self, const settings_t *settings)
{
    memset (self, 0, sizeof *self);
    int number = settings_is_set (settings, "number")
                     ? (int) settings_number (settings, "number", 1, 99)
                     : 0;
    int port_offset = number ? number : 1;
    s_read_source (self, settings);
    self->insecure = settings_is_set (settings, "insecure");
    self->sync = settings_is_set (settings, "sync");
    self->print_cost = settings_is_set (settings, "cost");
    s_read_node (self, settings, number);
    s_read_coordinator (self, settings);
    s_read_endpoint (settings, "publish", PUBLISH_PORTS + port_offset, self->publish);
    s_read_endpoint (settings, "answer", ANSWER_PORTS + port_offset, self->answer);
    s_read_advertised (self, settings, self->publish, self->advertised_publish);
    s_read_advertised (self, settings, self->answer, self->advertised_answer);
    s_read_scope (self, settings);
    s_read_store (self, settings);
    s_read_retention (&self->retention, settings);
}
