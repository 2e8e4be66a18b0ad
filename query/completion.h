//  SPDX-License-Identifier: GPL-2.0-or-later
//  completion - what may stand at the cursor of a statement that is being typed. The grammar says
//  it, the same that reads statements: whatever is offered can be read there. Pure; not safe for
//  two threads.
//
//      completion_t *completion = completion_new (line, cursor);
//      if (completion_wants_nodes (completion))
//          completion_offer_nodes (completion, names, name_count);
//      for (size_t i = 0; i < completion_count (completion); i++)
//          offer (completion_word (completion, i));  //  instead of the bytes from start to cursor
#ifndef QUERY_COMPLETION_H
#define QUERY_COMPLETION_H

#include <stdbool.h>
#include <stddef.h>

typedef struct completion_t completion_t;

//  Find out what may stand at the end of the text, size bytes of any kind: what was typed before
//  the cursor, of one statement or of several with ';' between them. The last word, where the
//  cursor touches it, is taken as still being typed. Never fails: where nothing can follow (inside
//  a quote or a comment, behind a mistake, or where only a number can stand) nothing is offered.
completion_t *completion_new (const char *text, size_t size);
void completion_destroy (completion_t **self_p);

//  Where the word being typed starts, in bytes from the start of the text; the size of the text
//  where none has been begun. A word that is chosen replaces the bytes from there on.
size_t completion_start (const completion_t *self);

//  True where the name of a node may stand. Names are the caller's to find out, and only then.
bool completion_wants_nodes (const completion_t *self);

//  Offer nodes: those that begin with what has been typed and that the statement does not name
//  yet, with quotes where they need some, and a pattern such as web* for those that differ only
//  in the number they end with. Nothing where no node is wanted. Call it once.
void completion_offer_nodes (completion_t *self, const char *const *names, size_t count);

//  The words that begin with what has been typed, in the order to show them: keywords, metrics and
//  their functions (but for columns that are selected already), columns, common durations, nodes.
//  Keywords are in capitals where what has been typed is. Borrowed until self is destroyed.
size_t completion_count (const completion_t *self);
const char *completion_word (const completion_t *self, size_t index);

//  False where the word is only a beginning (runqlat_): let no blank follow it.
bool completion_is_whole (const completion_t *self, size_t index);

#endif
