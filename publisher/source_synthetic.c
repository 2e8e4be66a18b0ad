//  SPDX-License-Identifier: GPL-2.0-or-later
//  source_synthetic - invented frames, for load and tests; they say so. The number of events is
//  Poisson distributed around a mean a second, their durations are lognormal. The same seed makes
//  the same frames.
#include "program/exit_code.h"
#include "publisher/source_ops.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX      1e6
#define SIGMA_MAX       10
#define SEED_MAX        4294967295.0
#define DURATION_MAX_NS 3.6e12 //  An hour
#define SPAN_MAX_S      60     //  A worker that was held up for longer gets a minute's events
#define STINTS_PER_TASK 100    //  Of so many stints one is a new task's first

typedef struct {
    source_t ops;
    double events_per_s;
    double median_ns;
    double sigma; //  Standard deviation of the durations' logarithm
    double seed;
    unsigned short random[3]; //  State of erand48
} synthetic_t;

//  --- Chance ----------------------------------------------------------------------------------

//  Above 0, up to 1.
static double
s_uniform (synthetic_t *self)
{
    return 1.0 - erand48 (self->random);
}

//  As many events as exponential gaps fit before mean.
static uint64_t
s_poisson (synthetic_t *self, double mean)
{
    uint64_t events = 0;
    while ((mean += log (s_uniform (self))) > 0)
        events++;
    return events;
}

//  Source: Box and Muller, A Note on the Generation of Random Normal Deviates (1958).
static double
s_normal (synthetic_t *self)
{
    return sqrt (-2.0 * log (s_uniform (self))) * cos (2.0 * M_PI * s_uniform (self));
}

static uint64_t
s_duration_ns (synthetic_t *self)
{
    double ns = self->median_ns * exp (self->sigma * s_normal (self));
    return (uint64_t) fmin (ns, DURATION_MAX_NS);
}

//  --- The source ------------------------------------------------------------------------------

static void
s_invent_stints (synthetic_t *self, double mean, frame_metric_t *metric)
{
    for (uint64_t left = s_poisson (self, mean); left > 0; left--)
        histogram_add (&metric->histogram, s_duration_ns (self));
    metric->accrued_ns = (uint64_t) metric->histogram.sum;
}

static void
s_invent_tasks (synthetic_t *self, double mean, frame_metric_t *metric)
{
    metric->histogram.count = s_poisson (self, mean);
    metric->histogram.sum = metric->histogram.count;
}

static int
s_read (source_t *source, frame_t *frame)
{
    synthetic_t *self = (synthetic_t *) source;
    double mean = self->events_per_s * fmin (frame->span_s, SPAN_MAX_S);
    for (metric_id_t id = 0; id < METRIC_COUNT_; id++) {
        frame->metrics[id].measured = true;
        if (metric_get (id)->kind == METRIC_COUNT)
            s_invent_tasks (self, mean / STINTS_PER_TASK, &frame->metrics[id]);
        else
            s_invent_stints (self, mean, &frame->metrics[id]);
    }
    frame->source = FRAME_FROM_SYNTHETIC;
    return 0;
}

static void
s_destroy (source_t *source)
{
    free (source);
}

//  --- The spec --------------------------------------------------------------------------------

//  Read "8us": a number and one of ns, us, ms, s; a plain number where with_unit is false.
//  Returns 0, or -1 where it is none or not within [least, most].
static int
s_read_value (const char *text, bool with_unit, double least, double most, double *value)
{
    static const char *names[] = {"", "ns", "us", "ms", "s"};
    static const double scales[] = {1, 1, 1e3, 1e6, 1e9};
    char *unit;
    double number = strtod (text, &unit);
    size_t first = with_unit ? 1 : 0, last = with_unit ? 4 : 0;
    for (size_t i = first; unit != text && i <= last; i++)
        if (strcmp (unit, names[i]) == 0 && number * scales[i] >= least &&
            number * scales[i] <= most) {
            *value = number * scales[i];
            return 0;
        }
    return -1;
}

//  Read one NAME=VALUE. Returns 0 or -1.
static int
s_read_parameter (synthetic_t *self, char *text)
{
    char *value = strchr (text, '=');
    if (!value)
        return -1;
    *value++ = 0;
    if (strcmp (text, "events") == 0)
        return s_read_value (value, false, 0, EVENTS_MAX, &self->events_per_s);
    if (strcmp (text, "median") == 0)
        return s_read_value (value, true, 1, DURATION_MAX_NS, &self->median_ns);
    if (strcmp (text, "sigma") == 0)
        return s_read_value (value, false, 0, SIGMA_MAX, &self->sigma);
    if (strcmp (text, "seed") == 0)
        return s_read_value (value, false, 0, SEED_MAX, &self->seed);
    return -1;
}

static int
s_read_spec (synthetic_t *self, const char *spec)
{
    if (strcmp (spec, "busy") == 0)
        return 0;
    char *text = strdup (strcmp (spec, "idle") == 0 ? "events=0" : spec);
    assert (text);
    char *rest = text, *parameter;
    int rc = *text ? 0 : -1;
    while (rc == 0 && (parameter = strsep (&rest, ",")))
        rc = s_read_parameter (self, parameter);
    free (text);
    return rc;
}

static void
s_seed (synthetic_t *self)
{
    uint32_t seed = (uint32_t) self->seed;
    self->random[0] = 0x330E; //  As srand48 does
    self->random[1] = (unsigned short) seed;
    self->random[2] = (unsigned short) (seed >> 16);
}

source_t *
source_new_synthetic (const char *spec, source_error_t *error)
{
    synthetic_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ops = (source_t){.read = s_read, .destroy = s_destroy};
    self->events_per_s = 3000;
    self->median_ns = 8000;
    self->sigma = 1.3;
    self->seed = 1;
    if (s_read_spec (self, spec) == -1) {
        free (self);
        return source_fail (error, EXIT_USAGE,
                            "synthetic: '%.200s' is not understood: write busy, idle or "
                            "events=3000,median=8us,sigma=1.3,seed=7 (any of these; events up to "
                            "1000000 a second, median with ns, us, ms or s, sigma up to 10)",
                            spec);
    }
    s_seed (self);
    return &self->ops;
}
