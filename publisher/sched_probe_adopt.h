//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_probe_adopt - records for tasks that the kernel's task iterator does not show. Some
//  kernels leave processes out of it (seen: pid 1 of a virtual machine, with all its threads) that
//  /proc lists and the scheduler runs; without a record their waiting would not be counted. Part
//  of the probe loader.
#ifndef PUBLISHER_SCHED_PROBE_ADOPT_H
#define PUBLISHER_SCHED_PROBE_ADOPT_H

//  Make a record, in the map storage of a loaded object, for each task in /proc that has none.
//  Before Linux 6.9 only for the first thread of each process. What cannot be adopted is left: the
//  hook counts its stints as missing_storage.
void sched_probe_adopt_unseen (int storage_fd);

#endif
