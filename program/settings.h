//  SPDX-License-Identifier: GPL-2.0-or-later
//  settings - a program's options: long flags over a ZPL config file over defaults, from one
//  table that also makes --help. Built on argp and CZMQ's zconfig.
//
//  Usage mistakes end the program with EXIT_USAGE and one line that names the flag or the file's
//  key and points to --help.
#ifndef PROGRAM_SETTINGS_H
#define PROGRAM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *name;   //  Long flag and config key: "coordinator"
    char letter;        //  Short flag, or 0
    const char *value;  //  Placeholder of its value ("ENDPOINT"), or NULL for a switch
    const char *preset; //  Default as text, or NULL for none
    const char *help;   //  One sentence; the preset is added to it
} setting_t;

typedef struct {
    const char *name;          //  "publisher"
    const char *purpose;       //  One line
    const char *operands;      //  "[METRIC[,METRIC]] [from NODE]", or NULL where there are none
    const char *manual;        //  Examples and exit codes, printed after the options
    const setting_t *settings; //  Ends with a row whose name is NULL
} program_t;

typedef struct settings_t settings_t;

//  Parse the command line and the file that --config names. Also serves --help and --version.
settings_t *settings_new (const program_t *program, int argc, char **argv);
void settings_destroy (settings_t **self_p);

//  Text of a setting, or NULL where it has neither value nor preset.
const char *settings_text (const settings_t *self, const char *name);
bool settings_is_set (const settings_t *self, const char *name);
//  Whole number within [least, most]; ends the program with EXIT_USAGE otherwise.
int64_t settings_number (const settings_t *self, const char *name, int64_t least, int64_t most);
//  Operands, in order.
size_t settings_operand_count (const settings_t *self);
const char *settings_operand (const settings_t *self, size_t index);

//  End with EXIT_USAGE: "PROGRAM: text" and where to look.
_Noreturn void settings_usage (const settings_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

#endif
