//  SPDX-License-Identifier: GPL-2.0-or-later
//  commands - what begins with a '\': the table that runs them, lists them and completes them.
#ifndef SUBSCRIBER_COMMANDS_H
#define SUBSCRIBER_COMMANDS_H

#include "subscriber/console.h"

typedef struct {
    int code;            //  EXIT_DONE, or why it failed, which has been said
    bool took_statement; //  The statement before the command is used up
} command_result_t;

//  Run a command line such as "\watch 2". text is the statement begun before it, or empty.
void command_run (console_t *console, const char *line, const char *text, size_t size,
                  command_result_t *result);

//  What may follow a command's name.
typedef enum {
    ARGUMENT_NONE, //  Or nothing that could be completed
    ARGUMENT_FILE,
    ARGUMENT_FORMAT,
    ARGUMENT_METRIC,
    ARGUMENT_SWITCH //  on, off
} argument_t;

//  Name of a command, with its '\', or NULL behind the last.
const char *command_name (size_t index);
argument_t command_argument (size_t index);

#endif
