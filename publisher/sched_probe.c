//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_probe - see sched_probe.h.
//
//  The moment a reading is about is the one at which this very thread got its CPU, after a sleep
//  as short as can be: the hook has noted that moment on the scheduler's own clock, which nothing
//  outside the kernel can read, and of which another clock would be an estimate.

#include "publisher/sched_probe.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "bpf/sched.skel.h"
#include "program/exit_code.h"
#include "publisher/bank_sum.h"
#include "publisher/cgroup.h"
#include "publisher/pass_budget.h"
#include "publisher/sched_probe_adopt.h"
#include "publisher/sched_probe_kernel.h"
#include "publisher/source_ops.h"

#define EDGE_TRIES   100
#define PAUSE_MAX_NS 1000000
#define LOG2_PLACES  16 //  Of records: 4 MB of kernel memory; enough for some 10,000 tasks

struct sched_probe_t {
    struct sched_bpf *kernel; //  The loaded object
    keyed_reader_t *keyed;    //  NULL where nothing is counted by id
    metric_set_t metrics;
    unsigned cpus;                         //  Possible CPUs, and so banks
    const struct bank *banks;              //  Mapped
    size_t banks_size;                     //  Bytes
    pass_budget_t budget;                  //  Of passes over all tasks
    uint64_t attached_ns;                  //  Moment of the first reading, scheduler's clock
    bank_sum_t first;                      //  What the first reading found
    bank_sum_t last;                       //  What the latest one found
    uint128_t sums[METRIC_COUNT_];         //  Of events since the first
    uint64_t first_accrued[METRIC_COUNT_]; //  As s_accrued then
    uint64_t accrued[METRIC_COUNT_];       //  What was reported last
};

//  --- loading -------------------------------------------------------------------------------

static char s_warning[256]; //  libbpf's first complaint of this load

static int
s_keep_warning (enum libbpf_print_level level, const char *format, va_list arguments)
{
    if (level == LIBBPF_WARN && s_warning[0] == '\0')
        vsnprintf (s_warning, sizeof s_warning, format, arguments);
    s_warning[strcspn (s_warning, "\n")] = '\0';
    return 0;
}

//  Why a step of loading failed; errno as libbpf left it.
static int
s_fail (const char *step, source_error_t *error)
{
    int reason = errno;
    if (!sched_probe_is_about_rights (reason, error))
        source_fail (error, EXIT_KERNEL, "the kernel does not let the probe %s: %s (%s)", step,
                     strerror (reason), s_warning);
    return -1;
}

static int
s_set_scope (struct sched_bpf *kernel, const scope_t *scope, source_error_t *error)
{
    cgroup_t cgroup = {0};
    if (scope->kind == SCOPE_CGROUP && cgroup_find (&cgroup, scope->cgroup, error))
        return -1;
    kernel->rodata->scope_choice = scope->kind;
    kernel->rodata->scope_tgid = (int) scope->pid;
    kernel->rodata->scope_cgroup_id = cgroup.id;
    kernel->rodata->scope_cgroup_level = cgroup.level;
    return 0;
}

//  The constants that the verifier prunes by, and the maps' sizes.
static int
s_configure (sched_probe_t *self, const sched_probe_options_t *options, source_error_t *error)
{
    struct sched_bpf *kernel = self->kernel;
    unsigned log2_places = options->log2_places ? options->log2_places : LOG2_PLACES;
    kernel->rodata->measured = options->metrics;
    kernel->rodata->count_rows = options->rows;
    kernel->rodata->count_keyed_by = options->keyed_by;
    kernel->rodata->include_idle = options->include_idle;
    kernel->rodata->record_shift = 64 - log2_places;
    if (bpf_map__set_max_entries (kernel->maps.banks, self->cpus) ||
        bpf_map__set_max_entries (kernel->maps.run_queues, self->cpus) ||
        bpf_map__set_max_entries (kernel->maps.places, 1u << log2_places) ||
        bpf_map__set_autocreate (kernel->maps.keyed_tables, options->keyed_by != KEYED_BY_NOTHING))
        return s_fail ("size its maps", error);
    return s_set_scope (kernel, &options->scope, error);
}

static int
s_map_banks (sched_probe_t *self, source_error_t *error)
{
    size_t page = (size_t) sysconf (_SC_PAGESIZE);
    size_t size = (self->cpus * sizeof (struct bank) + page - 1) / page * page;
    void *banks =
        mmap (NULL, size, PROT_READ, MAP_SHARED, bpf_map__fd (self->kernel->maps.banks), 0);
    if (banks == MAP_FAILED)
        return s_fail ("map its counters", error);
    self->banks = banks;
    self->banks_size = size;
    return 0;
}

static int
s_load (sched_probe_t *self, const sched_probe_options_t *options, source_error_t *error)
{
    self->kernel = sched_bpf__open ();
    if (!self->kernel)
        return s_fail ("open", error);
    if (s_configure (self, options, error))
        return -1;
    if (sched_bpf__load (self->kernel))
        return s_fail ("load", error);
    if (options->keyed_by != KEYED_BY_NOTHING) {
        self->keyed = keyed_reader_new (bpf_map__fd (self->kernel->maps.keyed_tables));
        if (!self->keyed)
            return s_fail ("make its tables", error);
    }
    return s_map_banks (self, error);
}

//  --- passes over all tasks -----------------------------------------------------------------

//  Run an iterator to its end. Returns 0, or -1.
static int
s_pass (const struct bpf_link *iterator)
{
    char nothing[64];
    ssize_t rc;
    int fd = bpf_iter_create (bpf_link__fd (iterator));
    if (fd < 0)
        return -1;
    do
        rc = read (fd, nothing, sizeof nothing);
    while (rc > 0 || (rc < 0 && errno == EINTR));
    close (fd);
    return rc == 0 ? 0 : -1;
}

//  --- readings ------------------------------------------------------------------------------

//  When this thread got the CPU it is on, on the scheduler's clock; 0 where no hook saw that.
static uint64_t
s_arrival_ns (const sched_probe_t *self)
{
    uint64_t clock_ns;
    int cpu = sched_getcpu ();
    if (cpu < 0 || (unsigned) cpu >= self->cpus ||
        bank_running_since (&self->banks[cpu], (unsigned) gettid (), &clock_ns))
        return 0;
    return clock_ns;
}

//  A moment just past on the scheduler's clock. Returns 0, or -1. A sleep may end before the thread
//  has left its CPU (it does under a real-time policy, whose timers have no slack): then the next
//  one is longer.
static int
s_find_edge (const sched_probe_t *self, uint64_t *clock_ns)
{
    struct timespec pause = {.tv_nsec = 1};
    uint64_t earlier_ns = s_arrival_ns (self);
    for (int i = 0; i < EDGE_TRIES; i++) {
        clock_nanosleep (CLOCK_MONOTONIC, 0, &pause, NULL);
        *clock_ns = s_arrival_ns (self);
        if (*clock_ns != 0 && *clock_ns != earlier_ns)
            return 0;
        if (pause.tv_nsec < PAUSE_MAX_NS)
            pause.tv_nsec *= 2;
    }
    return -1;
}

//  Have the kernel note in the banks who runs unseen. Returns 0, or -1.
static int
s_look_at_cpus (const sched_probe_t *self)
{
    struct look look;
    struct bpf_test_run_opts options = {
        .sz = sizeof options, .ctx_in = &look, .ctx_size_in = sizeof look};
    int program = bpf_program__fd (self->kernel->progs.look_at_cpu);
    for (look.cpu = 0; look.cpu < self->cpus; look.cpu++)
        if (bpf_prog_test_run_opts (program, &options))
            return -1;
    return 0;
}

static int
s_sum_banks (const sched_probe_t *self, uint64_t clock_ns, bank_sum_t *sum)
{
    struct bank copy;
    uint64_t attached_ns = self->attached_ns ? self->attached_ns : clock_ns;
    memset (sum, 0, sizeof *sum);
    if (s_look_at_cpus (self))
        return -1;
    for (unsigned cpu = 0; cpu < self->cpus; cpu++) {
        if (bank_copy (&copy, &self->banks[cpu]))
            return -1;
        bank_sum_add (sum, &copy, clock_ns, attached_ns);
    }
    sum->off_cpu_ns += self->kernel->bss->adopted_off_tasks * clock_ns;
    sum->off_cpu_ns += self->kernel->bss->adopted_off_ns;
    return 0;
}

static uint64_t
s_clock_ns (clockid_t clock)
{
    struct timespec now;
    clock_gettime (clock, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

//  Tasks that run or wait, on all CPUs: the fourth field of /proc/loadavg. Without it the answer
//  is "many".
static uint64_t
s_runnable_tasks (void)
{
    unsigned long long runnable = UINT64_MAX;
    FILE *file = fopen ("/proc/loadavg", "r");
    if (!file)
        return runnable;
    if (fscanf (file, "%*s %*s %*s %llu/", &runnable) != 1)
        runnable = UINT64_MAX;
    fclose (file);
    return runnable;
}

//  All waiting in progress at clock_ns, if it is measured and a look at all tasks is due, else 0.
static int
s_sum_waits (sched_probe_t *self, uint64_t clock_ns, uint64_t running, uint64_t *waiting_ns)
{
    uint64_t start_ns = s_clock_ns (CLOCK_THREAD_CPUTIME_ID);
    *waiting_ns = 0;
    if (!(self->metrics & METRIC_BIT (METRIC_runqlat)) ||
        !pass_budget_allows (&self->budget, s_clock_ns (CLOCK_MONOTONIC),
                             s_runnable_tasks () > running))
        return 0;
    self->kernel->bss->edge_ns = clock_ns;
    self->kernel->bss->waiting_ns = 0;
    if (s_pass (self->kernel->links.sum_waits))
        return -1;
    *waiting_ns = self->kernel->bss->waiting_ns;
    pass_budget_spend (&self->budget, s_clock_ns (CLOCK_THREAD_CPUTIME_ID) - start_ns,
                       s_clock_ns (CLOCK_MONOTONIC));
    return 0;
}

//  Sum everything up to clock_ns, and what accrued per metric.
static int
s_take (sched_probe_t *self, uint64_t clock_ns, bank_sum_t *sum, uint64_t accrued[METRIC_COUNT_])
{
    uint64_t waiting_ns;
    if (s_sum_banks (self, clock_ns, sum) ||
        s_sum_waits (self, clock_ns, sum->running, &waiting_ns))
        return -1;
    memset (accrued, 0, METRIC_COUNT_ * sizeof *accrued);
    if (self->metrics & METRIC_BIT (METRIC_cpudist))
        accrued[METRIC_cpudist] = sum->on_cpu_ns;
    if (self->metrics & METRIC_BIT (METRIC_offcpu))
        accrued[METRIC_offcpu] = sum->off_cpu_ns;
    if (self->metrics & METRIC_BIT (METRIC_runqlat))
        accrued[METRIC_runqlat] = sum->tallies[METRIC_runqlat].sum + waiting_ns;
    return 0;
}

//  The first reading, from which the others count.
static int
s_take_first (sched_probe_t *self)
{
    uint64_t clock_ns;
    if (s_find_edge (self, &clock_ns) || s_take (self, clock_ns, &self->first, self->first_accrued))
        return -1;
    self->attached_ns = clock_ns;
    self->kernel->bss->attached_ns = clock_ns;
    self->last = self->first;
    return 0;
}

//  From attaching on, new tasks get records; so after the passes over those that were there
//  before, all have.
static int
s_attach (sched_probe_t *self, source_error_t *error)
{
    if (sched_bpf__attach (self->kernel))
        return s_fail ("attach", error);
    if (s_pass (self->kernel->links.adopt_task))
        return s_fail ("list the tasks", error);
    sched_probe_adopt_unseen (bpf_map__fd (self->kernel->maps.storage));
    if (s_take_first (self))
        return s_fail ("read its counters", error);
    return 0;
}

sched_probe_t *
sched_probe_new (const sched_probe_options_t *options, source_error_t *error)
{
    s_warning[0] = '\0';
    libbpf_set_print (s_keep_warning);
    if (sched_probe_check_kernel (options->scope.kind == SCOPE_CGROUP, error))
        return NULL;
    sched_probe_t *self = calloc (1, sizeof *self);
    assert (self);
    self->metrics = options->metrics;
    self->cpus = (unsigned) libbpf_num_possible_cpus ();
    if (s_load (self, options, error) || s_attach (self, error))
        sched_probe_destroy (&self);
    return self;
}

void
sched_probe_destroy (sched_probe_t **self_p)
{
    sched_probe_t *self = *self_p;
    if (!self)
        return;
    if (self->banks)
        munmap ((void *) self->banks, self->banks_size);
    keyed_reader_destroy (&self->keyed);
    sched_bpf__destroy (self->kernel);
    free (self);
    *self_p = NULL;
}

//  --- from sums to a reading ----------------------------------------------------------------

static void
s_fill_histogram (const sched_probe_t *self, const bank_sum_t *now, metric_id_t id,
                  sched_reading_t *reading)
{
    const struct tally *tally = &now->tallies[id], *first = &self->first.tallies[id];
    histogram_t *histogram = &reading->histograms[id];
    uint64_t in_buckets = 0, in_rows = 0;
    for (unsigned i = 0; i < BUCKET_SLOTS; i++)
        in_buckets += histogram->buckets[i] = tally->slots[i] - first->slots[i];
    for (unsigned i = 0; i < BANK_LOG2_ROWS; i++)
        in_rows += reading->rows[id][i] = tally->rows[i] - first->rows[i];
    histogram->sum = self->sums[id];
    histogram->count = in_buckets ? in_buckets : in_rows;
    if (metric_get (id)->kind == METRIC_COUNT)
        histogram->count = (uint64_t) histogram->sum;
}

//  What can be a little off for one reading (a wait that moved between CPUs under our eyes) must
//  not show as time that ran backwards: it is made good by the next.
static void
s_fill_accrued (sched_probe_t *self, const uint64_t accrued[METRIC_COUNT_],
                sched_reading_t *reading)
{
    for (int i = 0; i < METRIC_COUNT_; i++) {
        uint64_t since_first = accrued[i] - self->first_accrued[i];
        if ((int64_t) (since_first - self->accrued[i]) > 0)
            self->accrued[i] = since_first;
        reading->accrued_ns[i] = self->accrued[i];
    }
}

static uint64_t
s_run_time (const struct bpf_program *program)
{
    struct bpf_prog_info info = {0};
    unsigned size = sizeof info;
    return bpf_obj_get_info_by_fd (bpf_program__fd (program), &info, &size) ? 0 : info.run_time_ns;
}

static void
s_fill_losses_and_cost (const sched_probe_t *self, const bank_sum_t *now, sched_reading_t *reading)
{
    const struct sched_bpf *kernel = self->kernel;
    reading->idle_ns = now->idle_ns - self->first.idle_ns;
    reading->threads = now->threads - self->first.threads;
    reading->discards = now->discards - self->first.discards;
    reading->missing_storage = now->missing_storage - self->first.missing_storage;
    reading->keyed_overflow = kernel->bss->keyed_overflow;
    reading->bpf_ns = s_run_time (kernel->progs.on_switch) +
                      s_run_time (kernel->progs.on_new_task) + s_run_time (kernel->progs.sum_waits);
}

int
sched_probe_read (sched_probe_t *self, sched_reading_t *reading)
{
    bank_sum_t now;
    uint64_t accrued[METRIC_COUNT_];
    if (s_find_edge (self, &reading->clock_ns) || s_take (self, reading->clock_ns, &now, accrued))
        return -1;
    for (int i = 0; i < METRIC_COUNT_; i++) {
        self->sums[i] += (uint64_t) (now.tallies[i].sum - self->last.tallies[i].sum);
        s_fill_histogram (self, &now, i, reading);
    }
    self->last = now;
    s_fill_accrued (self, accrued, reading);
    s_fill_losses_and_cost (self, &now, reading);
    return 0;
}

int
sched_probe_drain (sched_probe_t *self, keyed_count_fn *take, void *argument)
{
    return keyed_reader_drain (self->keyed, take, argument);
}
