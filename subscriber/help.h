//  SPDX-License-Identifier: GPL-2.0-or-later
//  help - the texts that the prompt shows to who asks for them.
#ifndef SUBSCRIBER_HELP_H
#define SUBSCRIBER_HELP_H

#include <stdio.h>

void help_language (FILE *out);
void help_keys (FILE *out);

#endif
