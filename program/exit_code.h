//  SPDX-License-Identifier: GPL-2.0-or-later
//  exit_code - what the five programs' exit codes mean. Listed in every --help.
#ifndef PROGRAM_EXIT_CODE_H
#define PROGRAM_EXIT_CODE_H

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,         //  A statement failed, or a file or store could not be used
    EXIT_USAGE = 2,          //  The command line or the config file is wrong
    EXIT_CANNOT_CONNECT = 3, //  No answer from an endpoint, or it cannot be bound
    EXIT_NO_RIGHTS = 4,      //  Not root, or without CAP_BPF and CAP_PERFMON
    EXIT_KERNEL = 5,         //  The kernel lacks something that measuring needs (BTF, a hook)
    EXIT_NO_SUCH_TASK = 6    //  The pid or cgroup to measure does not exist
};

#endif
