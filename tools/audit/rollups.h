//  SPDX-License-Identifier: GPL-2.0-or-later
//  rollups - the audit of one store's rollups.
#ifndef TOOLS_AUDIT_ROLLUPS_H
#define TOOLS_AUDIT_ROLLUPS_H

//  Compare every rollup in the folder of a program that does not run, of one node (NULL: of all),
//  with what lies under it, up to the first difference. Says on stdout what it found. Returns an
//  exit code.
int audit_rollups (const char *folder, const char *node);

#endif
