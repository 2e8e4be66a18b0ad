//  SPDX-License-Identifier: GPL-2.0-or-later
//  history - the lines typed at the prompt, kept from one session to the next in
//  $XDG_STATE_HOME/kpulse/history (~/.local/state without that variable), readable by their owner
//  only. Where the file cannot be kept that is said once, and the prompt works without.
#ifndef SUBSCRIBER_HISTORY_H
#define SUBSCRIBER_HISTORY_H

//  Read what earlier sessions left; at most HISTORY_LINES are kept. Call once.
#define HISTORY_LINES 1000
void history_open (void);

//  Add a line, at once in the file too, so that nothing is lost however the session ends. A line
//  like the one before is not added again.
void history_add (const char *line);

//  Cut the file to the newest HISTORY_LINES.
void history_close (void);

#endif
