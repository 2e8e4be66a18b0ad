//  SPDX-License-Identifier: GPL-2.0-or-later
//  keys - see keys.h.
#include "subscriber/keys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>
#include <readline/readline.h>

static struct {
    int stop_fd;
    char bytes[256];
    size_t size, taken;
    bool ended; //  The terminal is gone
} s_keys;

//  readline's handlers only note a signal; act on it. Ctrl-Z stops us inside: once we go on, what
//  was typed is shown again.
static void
s_check_signals (void)
{
    bool suspends = rl_pending_signal () == SIGTSTP;
    rl_check_signals ();
    if (suspends)
        rl_forced_update_display ();
}

//  Read what is there, unless a signal came: what was typed before a Ctrl-C is void, and what is
//  typed after it is not yet to be taken.
static void
s_fill (int timeout_ms)
{
    struct pollfd items[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = s_keys.stop_fd, .events = POLLIN}};
    int rc = poll (items, 2, timeout_ms);
    s_check_signals ();
    if (rc <= 0 || items[1].revents)
        return;
    ssize_t size = read (STDIN_FILENO, s_keys.bytes, sizeof s_keys.bytes);
    s_keys.taken = 0;
    s_keys.size = size > 0 ? (size_t) size : 0;
    s_keys.ended = (size == 0 && (items[0].revents & POLLHUP)) ||
                   (size == -1 && errno != EINTR && errno != EAGAIN);
}

bool
keys_are_there (void)
{
    return s_keys.taken < s_keys.size || s_keys.ended;
}

void
keys_wait (void)
{
    if (!keys_are_there ())
        s_fill (-1);
}

void
keys_drop (void)
{
    s_keys.size = s_keys.taken = 0;
}

static bool
s_stop_came (void)
{
    struct pollfd item = {.fd = s_keys.stop_fd, .events = POLLIN};
    return poll (&item, 1, 0) == 1;
}

//  For readline: the next key; EOF where a signal comes instead, or the terminal is gone.
static int
s_next (FILE *stream)
{
    (void) stream;
    while (!keys_are_there () && !s_stop_came ())
        s_fill (-1);
    return s_keys.taken < s_keys.size ? (unsigned char) s_keys.bytes[s_keys.taken++] : EOF;
}

//  For readline: whether a key is there, or comes within readline's time.
static int
s_is_next (void)
{
    if (!keys_are_there ())
        s_fill (rl_set_keyboard_input_timeout (-1) / 1000);
    return keys_are_there ();
}

//  As readline wants the terminal, but reading never waits.
static void
s_prepare_terminal (int meta)
{
    struct termios modes;
    rl_prep_terminal (meta);
    if (tcgetattr (STDIN_FILENO, &modes) == -1)
        return;
    modes.c_cc[VMIN] = modes.c_cc[VTIME] = 0;
    tcsetattr (STDIN_FILENO, TCSANOW, &modes);
}

void
keys_open (int stop_fd)
{
    s_keys.stop_fd = stop_fd;
    rl_getc_function = s_next;
    rl_input_available_hook = s_is_next;
    rl_prep_term_function = s_prepare_terminal;
}
