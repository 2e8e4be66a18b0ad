//  SPDX-License-Identifier: GPL-2.0-or-later
//  bank_sum - see bank_sum.h. The hook makes a bank's sequence odd, writes, and makes it even: a
//  copy taken between two equal even readings of it is one moment's.

#include "publisher/bank_sum.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>

#define COPY_TRIES    1000000 //  At about 1 us each
#define TRIES_A_YIELD 1000    //  The writer's virtual CPU may have been stopped

static uint64_t
s_sequence (const struct bank *bank)
{
    return __atomic_load_n (&bank->sequence, __ATOMIC_ACQUIRE);
}

static bool
s_try_copy (void *copy, const void *part, size_t size, const struct bank *bank)
{
    uint64_t before = s_sequence (bank);
    memcpy (copy, part, size);
    __atomic_thread_fence (__ATOMIC_ACQUIRE);
    return before % 2 == 0 && s_sequence (bank) == before;
}

//  Copy a part of bank, of one moment.
static int
s_copy (void *copy, const void *part, size_t size, const struct bank *bank)
{
    for (unsigned i = 1; i <= COPY_TRIES; i++) {
        if (s_try_copy (copy, part, size, bank))
            return 0;
        if (i % TRIES_A_YIELD == 0)
            sched_yield ();
    }
    return -1;
}

int
bank_copy (struct bank *copy, const struct bank *bank)
{
    return s_copy (copy, bank, sizeof *copy, bank);
}

int
bank_running_since (const struct bank *bank, unsigned pid, uint64_t *since_ns)
{
    struct bank head;
    if (s_copy (&head, bank, offsetof (struct bank, tallies), bank) || head.running_pid != pid)
        return -1;
    *since_ns = head.running_since;
    return 0;
}

static void
s_add_tally (struct tally *self, const struct tally *other)
{
    self->sum += other->sum;
    for (unsigned i = 0; i < BUCKET_SLOTS; i++)
        self->slots[i] += other->slots[i];
    for (unsigned i = 0; i < BANK_LOG2_ROWS; i++)
        self->rows[i] += other->rows[i];
}

static void
s_add_time (bank_sum_t *self, unsigned account, uint64_t time_ns)
{
    if (account == BANK_INSIDE)
        self->on_cpu_ns += time_ns;
    else if (account == BANK_IDLE)
        self->idle_ns += time_ns;
}

static bool
s_runs_unseen (const struct bank *bank)
{
    return bank->unseen_since && bank->look_sequence == bank->sequence;
}

static void
s_add_running (bank_sum_t *self, const struct bank *bank, uint64_t clock_ns, uint64_t attached_ns)
{
    uint64_t since = bank->running_since;
    unsigned account = bank->running_account;
    if (!since) {
        since = bank->seed_since ? bank->seed_since : attached_ns;
        account = bank->seed_since ? bank->seed_account : BANK_IDLE;
    }
    if (s_runs_unseen (bank)) {
        s_add_time (self, account, bank->unseen_since - since);
        since = bank->unseen_since;
        account = bank->unseen_account;
        if (account == BANK_INSIDE)
            self->off_cpu_ns -= clock_ns - since; //  It counts as away until a switch is seen
    }
    self->running += account != BANK_IDLE;
    s_add_time (self, account, clock_ns - since);
}

void
bank_sum_add (bank_sum_t *self, const struct bank *bank, uint64_t clock_ns, uint64_t attached_ns)
{
    for (unsigned i = 0; i < METRIC_COUNT_; i++)
        s_add_tally (&self->tallies[i], &bank->tallies[i]);
    self->on_cpu_ns += bank->ran_ns;
    self->off_cpu_ns += bank->off_tasks * clock_ns + bank->off_ns;
    self->idle_ns += bank->idle_ns;
    self->threads += bank->threads;
    self->discards += bank->discards;
    self->missing_storage += bank->missing_storage;
    s_add_running (self, bank, clock_ns, attached_ns);
}
