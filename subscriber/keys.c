//  SPDX-License-Identifier: GPL-2.0-or-later
//  keys - see keys.h.
#include "subscriber/keys.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>
#include <readline/readline.h>

#define CTRL_D 4

static struct {
    int stop_fd;
    sigset_t job_signals; //  Ctrl-Z and Ctrl-\, blocked while the terminal is readline's
    int job_fd;           //  They, readable
    int meta;             //  How readline prepared the terminal
    char bytes[256];
    size_t size, taken;
    size_t typed_ahead; //  Bytes that waited when the terminal became readline's
    bool ended;         //  The terminal is gone
} s_keys;

//  --- the terminal ----------------------------------------------------------------------------

static size_t
s_waiting (void)
{
    int size = 0;
    return ioctl (STDIN_FILENO, FIONREAD, &size) == 0 && size > 0 ? (size_t) size : 0;
}

//  As readline wants it, but reading never waits.
static void
s_prepare_terminal (int meta)
{
    struct termios modes;
    sigprocmask (SIG_BLOCK, &s_keys.job_signals, NULL);
    s_keys.meta = meta;
    rl_prep_terminal (meta);
    if (tcgetattr (STDIN_FILENO, &modes) == -1)
        return;
    modes.c_cc[VMIN] = modes.c_cc[VTIME] = 0;
    tcsetattr (STDIN_FILENO, TCSANOW, &modes);
    s_keys.typed_ahead = s_waiting ();
}

static void
s_restore_terminal (void)
{
    rl_deprep_terminal ();
    fflush (rl_outstream);
    sigprocmask (SIG_UNBLOCK, &s_keys.job_signals, NULL);
}

//  Where a signal stops or ends us, have it do so with the terminal as it was. What was typed is
//  shown again once we go on. readline's own way of this sometimes shows nothing, and leaves SIGINT
//  unblocked.
static void
s_obey_job_signal (void)
{
    struct signalfd_siginfo signal;
    if (read (s_keys.job_fd, &signal, sizeof signal) != sizeof signal)
        return;
    s_restore_terminal ();
    raise ((int) signal.ssi_signo);
    s_prepare_terminal (s_keys.meta);
    rl_forced_update_display ();
}

//  --- reading ---------------------------------------------------------------------------------

//  As poll; but no new size, which readline's handler only notes, slips in before the waiting
//  begins. Where one is noted already there is no waiting.
static int
s_poll (struct pollfd *items, nfds_t count, int timeout_ms)
{
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    sigset_t resized, before;
    int rc = 0;
    sigemptyset (&resized);
    sigaddset (&resized, SIGWINCH);
    sigprocmask (SIG_BLOCK, &resized, &before);
    if (rl_pending_signal () == 0)
        rc = ppoll (items, count, timeout_ms < 0 ? NULL : &timeout, &before);
    sigprocmask (SIG_SETMASK, &before, NULL);
    rl_check_signals ();
    return rc;
}

//  A Ctrl-D that was typed while the terminal was not readline's: Linux keeps its place in the line
//  as a NUL, and hands that out once lines are not its matter any more (n_tty.c, __DISABLED_CHAR).
static void
s_restore_ctrl_d (void)
{
    for (size_t i = 0; i < s_keys.size && s_keys.typed_ahead > 0; i++, s_keys.typed_ahead--)
        if (s_keys.bytes[i] == '\0')
            s_keys.bytes[i] = CTRL_D;
}

//  Read what is there, unless a signal came: what was typed before a Ctrl-C is void, and what is
//  typed after it is not yet to be taken.
static void
s_fill (int timeout_ms)
{
    struct pollfd items[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = s_keys.stop_fd, .events = POLLIN},
                             {.fd = s_keys.job_fd, .events = POLLIN}};
    int rc = s_poll (items, 3, timeout_ms);
    if (rc > 0 && items[2].revents)
        s_obey_job_signal ();
    if (rc <= 0 || items[1].revents || !items[0].revents)
        return;
    ssize_t size = read (STDIN_FILENO, s_keys.bytes, sizeof s_keys.bytes);
    s_keys.taken = 0;
    s_keys.size = size > 0 ? (size_t) size : 0;
    s_restore_ctrl_d ();
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

//  --- readline's hooks ------------------------------------------------------------------------

static int
s_new_job_fd (void)
{
    sigemptyset (&s_keys.job_signals);
    sigaddset (&s_keys.job_signals, SIGTSTP);
    sigaddset (&s_keys.job_signals, SIGQUIT);
    int fd = signalfd (-1, &s_keys.job_signals, SFD_NONBLOCK | SFD_CLOEXEC);
    assert (fd >= 0);
    return fd;
}

void
keys_open (int stop_fd)
{
    s_keys.stop_fd = stop_fd;
    s_keys.job_fd = s_new_job_fd ();
    rl_catch_signals = 0;
    rl_persistent_signal_handlers = 1; //  SIGWINCH's: resizing also between keys
    rl_getc_function = s_next;
    rl_input_available_hook = s_is_next;
    rl_prep_term_function = s_prepare_terminal;
    rl_deprep_term_function = s_restore_terminal;
}
