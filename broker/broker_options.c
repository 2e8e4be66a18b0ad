//  SPDX-License-Identifier: GPL-2.0-or-later
//  broker_options - see broker_options.h.
#include "broker/broker_options.h"
#include "query/instant.h"
#include "transport/socket.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MIN_S          60
#define FORWARDED_RATE_MAX  1000000
#define FORWARDED_NODES_MAX 10000000

static const setting_t s_settings[] = {
    {"workers", 'w', "NAME=ENDPOINT,...", NULL,
     "Subscribe to these workers, besides those that announce themselves"},
    {"forwarders", 'f', "ENDPOINT,...", NULL,
     "Subscribe to these forwarders, each of which publishes the frames of many nodes"},
    {"forwarded-rate", 0, "FRAMES", "20",
     "Take so many frames a second, on the average, of each node that comes by a forwarder; more "
     "than 1 lets a forwarder catch up"},
    {"forwarded-nodes", 0, "NODES", "100000",
     "Take at most so many nodes from forwarders; each costs memory"},
    {"store", 0, "FOLDER", "var/broker", "Where all frames are kept"},
    {"keep", 0, "DURATION", "24h",
     "Delete frames that are older: 90m, 24h, 7d, or 'forever'; what they add up to stays"},
    {"keep-minutes", 0, "DURATION", "30d", "Delete what they add up to by the minute likewise"},
    {"keep-hours", 0, "DURATION", "forever", "By the hour"},
    {"keep-days", 0, "DURATION", "forever", "By the day"},
    {"sync", 0, NULL, NULL,
     "Wait for the disk with every write, so that a loss of power takes none; otherwise once a "
     "second"},
    {"live", 0, "ENDPOINT", "tcp://127.0.0.1:7001", "Where frames are sent on as they arrive"},
    {"answer", 0, "ENDPOINT", "tcp://127.0.0.1:7002",
     "Where statements are answered and workers announce themselves"},
    {"insecure", 0, NULL, NULL,
     "Allow binding to addresses that other machines reach; the links are not yet encrypted"},
    {NULL, 0, NULL, NULL, NULL}};

const program_t broker_program = {
    .name = "broker",
    .purpose = "Gather the frames of all workers, keep them, send them on live and answer "
               "statements about them.",
    .settings = s_settings,
    .manual = "Examples:\n"
              "  broker                          gather from every worker on this machine\n"
              "  broker -w n1=tcp://127.0.0.1:7101,n2=tcp://127.0.0.1:7102\n"
              "  broker -f tcp://10.0.0.5:7001,tcp://10.0.0.6:7001    two racks' forwarders\n"
              "  broker --answer tcp://0.0.0.0:7002 --live tcp://0.0.0.0:7001 --insecure\n"
              "  broker --config docs/examples/broker.zpl\n"
              "\n"
              "Exit codes:\n"
              "  0  ended by a signal\n"
              "  1  the store cannot be used\n"
              "  2  wrong usage\n"
              "  3  an endpoint cannot be bound\n"};

int
listed_worker_read (listed_worker_t *self, const char *text, size_t length)
{
    const char *equals = memchr (text, '=', length);
    if (!equals)
        return -1;
    size_t name_length = (size_t) (equals - text);
    size_t endpoint_length = length - name_length - 1;
    if (name_length > NODE_NAME_MAX || endpoint_length > ENDPOINT_MAX)
        return -1;
    memset (self, 0, sizeof *self);
    memcpy (self->node, text, name_length);
    memcpy (self->endpoint, equals + 1, endpoint_length);
    return node_name_is_valid (self->node) && endpoint_is_valid (self->endpoint) ? 0 : -1;
}

static void
s_add_worker (broker_options_t *self, const settings_t *settings, const char *text, size_t length)
{
    size_t bytes = (self->worker_count + 1) * sizeof *self->workers;
    self->workers = realloc (self->workers, bytes);
    assert (self->workers);
    if (listed_worker_read (&self->workers[self->worker_count], text, length) == -1)
        settings_usage (settings, "workers: '%.*s' is not of the form NAME=tcp://ADDRESS:PORT",
                        (int) (length < 300 ? length : 300), text);
    self->worker_count++;
}

//  An endpoint that stands twice would be one connection with two owners.
static void
s_add_forwarder (broker_options_t *self, const settings_t *settings, const char *text,
                 size_t length)
{
    size_t bytes = (self->forwarder_count + 1) * sizeof *self->forwarders;
    self->forwarders = realloc (self->forwarders, bytes);
    char *endpoint = strndup (text, length);
    assert (self->forwarders && endpoint);
    if (length > ENDPOINT_MAX || !endpoint_is_valid (endpoint))
        settings_usage (settings, "forwarders: '%.300s' is not of the form tcp://ADDRESS:PORT",
                        endpoint);
    for (size_t i = 0; i < self->forwarder_count; i++)
        if (strcmp (self->forwarders[i], endpoint) == 0)
            settings_usage (settings, "forwarders: %s is listed twice", endpoint);
    self->forwarders[self->forwarder_count++] = endpoint;
}

typedef void (add_fn) (broker_options_t *self, const settings_t *settings, const char *text,
                       size_t length);

//  Hand each item of a list with commas to add.
static void
s_read_list (broker_options_t *self, const settings_t *settings, const char *name, add_fn *add)
{
    const char *text = settings_text (settings, name);
    while (text) {
        size_t length = strcspn (text, ",");
        add (self, settings, text, length);
        text = text[length] ? text + length + 1 : NULL;
    }
}

static const char *
s_read_endpoint (const settings_t *settings, const char *name)
{
    const char *text = settings_text (settings, name);
    if (!endpoint_is_valid (text))
        settings_usage (settings, "%s: '%s' is not an endpoint: write tcp://ADDRESS:PORT", name,
                        text);
    return text;
}

//  0 for what is kept for ever.
static uint64_t
s_read_keep (const settings_t *settings, const char *name)
{
    const char *text = settings_text (settings, name);
    int64_t keep_s;
    if (strcmp (text, "forever") == 0)
        return 0;
    if (instant_parse_duration (text, strlen (text), &keep_s) == -1 || keep_s < KEEP_MIN_S)
        settings_usage (settings,
                        "%s: '%s' is not a duration of at least a minute: write 90m, 24h, 7d or "
                        "forever",
                        name, text);
    return (uint64_t) keep_s;
}

//  What is kept longer must be the coarser: windows are read from the finest that is left.
static void
s_check_retention (const retention_t *self, const settings_t *settings)
{
    uint64_t finer_s = self->keep_s;
    const char *finer = "keep";
    char names[STORE_LEVELS][32];
    for (unsigned level = 0; level < STORE_LEVELS; level++) {
        uint64_t keep_s = self->keep_rows_s[level];
        snprintf (names[level], sizeof names[level], "keep-%s", store_level_name (level));
        if (keep_s > 0 && (finer_s == 0 || keep_s < finer_s))
            settings_usage (settings,
                            "%s: %s is shorter than --%s, which is %s: the coarser must be kept as "
                            "long as the finer; write --%s forever, or at least as long",
                            names[level], settings_text (settings, names[level]), finer,
                            settings_text (settings, finer), names[level]);
        finer_s = keep_s;
        finer = names[level];
    }
}

static void
s_read_retention (retention_t *self, const settings_t *settings)
{
    self->keep_s = s_read_keep (settings, "keep");
    self->keep_rows_s[0] = s_read_keep (settings, "keep-minutes");
    self->keep_rows_s[1] = s_read_keep (settings, "keep-hours");
    self->keep_rows_s[2] = s_read_keep (settings, "keep-days");
    s_check_retention (self, settings);
}

void
broker_options_read (broker_options_t *self, const settings_t *settings)
{
    memset (self, 0, sizeof *self);
    self->live = s_read_endpoint (settings, "live");
    self->answer = s_read_endpoint (settings, "answer");
    self->store = settings_text (settings, "store");
    self->sync = settings_is_set (settings, "sync");
    self->insecure = settings_is_set (settings, "insecure");
    s_read_retention (&self->retention, settings);
    s_read_list (self, settings, "workers", s_add_worker);
    s_read_list (self, settings, "forwarders", s_add_forwarder);
    self->forwarded_rate =
        (unsigned) settings_number (settings, "forwarded-rate", 1, FORWARDED_RATE_MAX);
    self->forwarded_nodes =
        (size_t) settings_number (settings, "forwarded-nodes", 1, FORWARDED_NODES_MAX);
}

void
broker_options_fini (broker_options_t *self)
{
    for (size_t i = 0; i < self->forwarder_count; i++)
        free (self->forwarders[i]);
    free (self->forwarders);
    free (self->workers);
    self->forwarders = NULL;
    self->workers = NULL;
}
