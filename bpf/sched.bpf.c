//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched - the kernel side: what the scheduler does to every task, counted as it happens.
//
//      on_switch    tp_btf/sched_switch   every context switch: cpudist, offcpu, runqlat
//      on_new_task  tp_btf/task_newtask   pidpersec, and a record for the new task
//      adopt_task   iter/task             once, at attach: the tasks that exist already
//      look_at_cpu  syscall               at each reading, for each CPU: who runs unseen
//      sum_waits    iter/task             at each reading: waits in progress
//
//  The clock is the run queue's own, as in the kernel's books (sched_info), so that sums agree
//  with those to the ns. Costs about two empty programs a switch: see tools/bench-probe.

#include "bpf/kernel_types.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "bpf/cpudist.h"
#include "bpf/offcpu.h"
#include "bpf/pidpersec.h"
#include "bpf/run_queue.h"
#include "bpf/runqlat.h"
#include "bpf/scope.h"

char LICENSE[] SEC ("license") = "GPL";

const volatile bool include_idle = false; //  Count the idle task's stints among the tasks'

volatile unsigned long long attached_ns; //  When measuring began, from user space
volatile unsigned long long edge_ns;     //  The moment a reading is about, from user space
unsigned long long waiting_ns;           //  All waiting in progress at edge_ns
unsigned long long adopted_ns;           //  When tasks found asleep at attach count as departed
unsigned long long adopted_off_tasks;    //  Those, as in a bank
unsigned long long adopted_off_ns;

#define compiler_barrier() __asm__ volatile("" ::: "memory")

//  The first switch on this CPU since we were attached: prev has run since before.
static __always_inline void
begin_bank (struct bank *bank, struct task_struct *prev)
{
    bank->running_account = scope_account (prev);
    bank->running_since = prev->pid ? prev->sched_info.last_arrival : attached_ns;
}

static __always_inline void
idle_left (struct bank *bank, struct task_struct *idle, unsigned long long now)
{
    unsigned long long since = bank->running_since;
    bank->idle_ns += now - since;
    if (!include_idle)
        return;
    if (MEASURES (cpudist) && since != attached_ns) //  Else it began before, unseen
        count_event (bank, METRIC_cpudist, idle, now - since);
    bank->idle_left = now;
}

static __always_inline void
idle_arrived (struct bank *bank, struct task_struct *idle, unsigned long long now)
{
    if (include_idle && MEASURES (offcpu) && bank->idle_left)
        count_event (bank, METRIC_offcpu, idle, now - bank->idle_left);
}

static __always_inline void
task_arrived (struct bank *bank, struct task_struct *next, unsigned long long now, bool inside)
{
    struct record *record = record_of (next);
    if (!record) {
        bank->missing_storage++;
        return;
    }
    if (MEASURES (runqlat))
        runqlat_arrived (bank, next, record, now, inside);
    if (MEASURES (offcpu))
        offcpu_arrived (bank, next, record, now);
}

//  next's stint on the CPU begins. Outside a cgroup a task's record is kept up, for it may enter.
static __always_inline void
arrive (struct bank *bank, struct task_struct *next, unsigned long long now)
{
    enum bank_account account = scope_account (next);
    bank->running_since = now;
    bank->running_account = account;
    bank->running_pid = next->pid;
    if (account == BANK_IDLE)
        idle_arrived (bank, next, now);
    else if ((account == BANK_INSIDE || scope_choice == SCOPE_IS_CGROUP) &&
             (MEASURES (runqlat) || MEASURES (offcpu)))
        task_arrived (bank, next, now, account == BANK_INSIDE);
}

//  Not every switch reaches the tracepoint (some of a virtual machine's agent do not, a few a
//  second): prev is then not the task that arrived last. Its own books say when it did, and how
//  long it had waited; until then that other one ran, whose stint is in no histogram, only in the
//  time.
static __always_inline void
catch_up (struct bank *bank, struct task_struct *prev)
{
    unsigned long long since = bank->running_since;
    unsigned long long arrival = prev->pid ? prev->sched_info.last_arrival : since;
    if ((long long) (arrival - since) < 0)
        arrival = since;
    if (bank->running_account == BANK_INSIDE)
        bank->ran_ns += arrival - since;
    else if (bank->running_account == BANK_IDLE)
        bank->idle_ns += arrival - since;
    arrive (bank, prev, arrival);
}

//  prev's stint on the CPU ends. It is measured as what it was when the stint began: a task may
//  change its cgroup in between.
static __always_inline void
leave (struct bank *bank, struct task_struct *prev, unsigned long long now)
{
    if (!bank->running_since)
        begin_bank (bank, prev);
    else if (bank->running_pid != (unsigned) prev->pid)
        catch_up (bank, prev);
    unsigned long long since = bank->running_since;
    unsigned account = bank->running_account;
    if (!since || account == BANK_OUTSIDE)
        return;
    if (account == BANK_IDLE) {
        idle_left (bank, prev, now);
        return;
    }
    if (MEASURES (cpudist))
        cpudist_left (bank, prev, now - since);
    if (MEASURES (offcpu))
        offcpu_left (bank, prev, now);
}

SEC ("tp_btf/sched_switch")
int
BPF_PROG (on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
    struct bank *bank = bank_of (bpf_get_smp_processor_id ());
    if (!bank)
        return 0;
    unsigned long long now = prev->se.cfs_rq->rq->clock;
    bank->sequence++;
    compiler_barrier ();
    leave (bank, prev, now);
    arrive (bank, next, now);
    compiler_barrier ();
    bank->sequence++;
    record_release_if_dead (prev);
    return 0;
}

SEC ("tp_btf/task_newtask")
int
BPF_PROG (on_new_task, struct task_struct *task, unsigned long long clone_flags)
{
    struct record fresh = {0};
    struct bank *bank = bank_of (bpf_get_smp_processor_id ());
    if (bank && MEASURES (pidpersec))
        pidpersec_new (bank, task, clone_flags);
    record_new (task, &fresh);
    return 0;
}

//  What the pass at attach found running on a CPU: stands in until that CPU's first switch.
static __always_inline void
seed_bank (struct task_struct *task)
{
    struct bank *bank = bank_of (task->se.cfs_rq->rq->cpu);
    if (!bank)
        return;
    bank->seed_account = scope_account (task);
    bank->seed_since = task->sched_info.last_arrival;
}

static __always_inline bool
is_away (struct task_struct *task)
{
    return !task->on_cpu && !task->exit_state && scope_account (task) == BANK_INSIDE;
}

SEC ("iter/task")
int
adopt_task (struct bpf_iter__task *context)
{
    struct task_struct *task = context->task;
    if (!task)
        return 0;
    run_queue_note (task->se.cfs_rq->rq);
    if (record_of (task))
        return 0;
    if (!adopted_ns)
        adopted_ns = bpf_get_current_task_btf ()->se.cfs_rq->rq->clock;
    bool away = is_away (task);
    struct record record = {.delay_ns = task->sched_info.run_delay,
                            .departed_ns = away ? adopted_ns : 0};
    if (record_new (task, &record))
        return 0;
    if (task->on_cpu)
        seed_bank (task);
    adopted_off_tasks += away;
    adopted_off_ns -= away ? adopted_ns : 0;
    return 0;
}

//  When task, which has bank's CPU, arrived there without the hook's seeing it; 0 where it did see
//  that, or is about to: a task whose switch is under way still waits by its own books.
static __always_inline unsigned long long
unseen_arrival (const struct bank *bank, struct task_struct *task)
{
    int pid = BPF_CORE_READ (task, pid);
    unsigned long long arrival = BPF_CORE_READ (task, sched_info.last_arrival);
    if (!bank->running_since || !pid || bank->running_pid == (unsigned) pid ||
        BPF_CORE_READ (task, sched_info.last_queued) ||
        (long long) (arrival - bank->running_since) <= 0)
        return 0;
    return arrival;
}

//  What catch_up will find out at the CPU's next switch a reading needs to know before.
SEC ("syscall")
int
look_at_cpu (struct look *look)
{
    struct bank *bank = bank_of (look->cpu);
    struct rq *run_queue = run_queue_of (look->cpu);
    if (!bank || !run_queue)
        return 0;
    bank->look_sequence = bank->sequence;
    compiler_barrier ();
    struct task_struct *task = BPF_CORE_READ (run_queue, curr);
    bank->unseen_since = unseen_arrival (bank, task);
    bank->unseen_account = scope_account_from_outside (task);
    return 0;
}

SEC ("iter/task")
int
sum_waits (struct bpf_iter__task *context)
{
    struct task_struct *task = context->task;
    if (task && scope_account (task) == BANK_INSIDE)
        waiting_ns += runqlat_waiting (task, edge_ns);
    return 0;
}
