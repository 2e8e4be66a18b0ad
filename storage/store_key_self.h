//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_key_self - what a key begins with, for store_key.c, which writes them, and
//  store_key_read.c.
#ifndef STORAGE_STORE_KEY_SELF_H
#define STORAGE_STORE_KEY_SELF_H

#include "storage/database.h"
#include "storage/store_key.h"

#define TAG_FORMAT   '!'
#define TAG_INBOX    DATABASE_BRIEF_FIRST
#define TAG_RANGE    DATABASE_BRIEF_LAST
#define TAG_CONFLICT 'c'
#define TAG_FRAME    'f'
#define TAG_NODE     'n'
#define TAG_LOSS     's'
#define TAG_ROW      'w'

#endif
