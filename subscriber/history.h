//  SPDX-License-Identifier: GPL-2.0-or-later
//  history - what was typed at the prompt, kept from one session to the next in
//  $XDG_STATE_HOME/kpulse/history (~/.local/state without that variable), readable by their owner
//  only. Where the file cannot be kept that is said once, and the prompt works without.
//
//  A statement is kept as one line, however many it was typed in (unless one of them has a
//  comment, which would hide the rest), so that it is recalled as a whole.
#ifndef SUBSCRIBER_HISTORY_H
#define SUBSCRIBER_HISTORY_H

//  Read what earlier sessions left; at most HISTORY_LINES are kept. Call once.
#define HISTORY_LINES 1000
void history_open (void);

//  A line, or several, of what is being typed.
void history_note (const char *lines);
//  It has ended: keep it, at once in the file too, so that nothing is lost however the session
//  ends. What is like the one before is not kept again, nor are blanks.
void history_keep (void);
//  It was dropped.
void history_forget (void);

//  Cut the file to the newest HISTORY_LINES.
void history_close (void);

#endif
