//  SPDX-License-Identifier: GPL-2.0-or-later
//  terminal - see terminal.h. What signal handlers call here is all async-signal-safe: write,
//  tcsetattr, raise. Sequences used, of xterm and all that follow it: 1049 (the other screen), 25
//  (the cursor).
#include "subscriber/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define KEY_BYTES    64
#define GIVING_TRIES 20

static const char s_taking[] = "\033[?1049h\033[?25l\033[H\033[J";
static const char s_giving[] = "\033[0m\033[?25h\033[?1049l";

static struct termios s_before; //  Of standard input
static volatile sig_atomic_t s_is_taken, s_has_keys, s_changed;
static volatile sig_atomic_t s_is_other; //  Than it was before: taken, or still being given back
static char s_bytes[KEY_BYTES];          //  Read and not yet taken
static size_t s_byte_count;

//  --- taking and giving back ------------------------------------------------------------------

static void
s_write (const char *text, size_t size)
{
    ssize_t written = write (STDOUT_FILENO, text, size);
    (void) written; //  Nothing can be done about a terminal that is gone
}

static void
s_take (void)
{
    struct termios raw = s_before;
    raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (s_has_keys)
        tcsetattr (STDIN_FILENO, TCSADRAIN, &raw);
    s_write (s_taking, sizeof s_taking - 1);
    s_is_taken = s_is_other = 1;
}

static void
s_give_back (void)
{
    if (!s_is_taken)
        return;
    s_is_taken = 0;
    s_write (s_giving, sizeof s_giving - 1);
    if (s_has_keys)
        tcsetattr (STDIN_FILENO, TCSADRAIN, &s_before);
    s_is_other = 0;
}

//  --- signals ---------------------------------------------------------------------------------

static void
s_on_crash (int number)
{
    s_give_back ();
    signal (number, SIG_DFL);
    raise (number);
}

static void
s_on_suspend (int number)
{
    (void) number;
    int before = errno;
    s_give_back ();
    raise (SIGSTOP);
    s_take ();
    s_changed = 1;
    errno = before;
}

static void
s_on_resize (int number)
{
    (void) number;
    s_changed = 1;
}

static void
s_handle (int number, void (*handler) (int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset (&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction (number, &action, NULL);
}

void
terminal_enter (void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
    s_has_keys = isatty (STDIN_FILENO) && tcgetattr (STDIN_FILENO, &s_before) == 0;
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        s_handle (crashes[i], s_on_crash);
    s_handle (SIGTSTP, s_on_suspend);
    s_handle (SIGWINCH, s_on_resize);
    atexit (s_give_back);
    s_take ();
}

void
terminal_leave (void)
{
    s_give_back ();
}

//  A write that waits on another thread is in the way until it has noticed that it may go on.
static void
s_give_in_time (void)
{
    const struct timespec moment = {.tv_nsec = 5000000};
    for (int i = 0; i < GIVING_TRIES && s_is_other; i++) {
        if (write (STDOUT_FILENO, s_giving, sizeof s_giving - 1) > 0)
            return;
        nanosleep (&moment, NULL);
    }
}

void
terminal_abandon (void)
{
    if (!s_is_other)
        return;
    int flags = fcntl (STDOUT_FILENO, F_GETFL);
    tcflow (STDOUT_FILENO, TCOON);
    fcntl (STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
    s_give_in_time ();
    fcntl (STDOUT_FILENO, F_SETFL, flags); //  It is the shell's too
    if (s_has_keys)
        tcsetattr (STDIN_FILENO, TCSANOW, &s_before);
}

bool
terminal_is_taken (void)
{
    return s_is_taken;
}

bool
terminal_has_changed (void)
{
    bool changed = s_changed;
    s_changed = 0;
    return changed;
}

//  --- keys ------------------------------------------------------------------------------------

bool
terminal_has_keys (void)
{
    return s_is_taken && s_has_keys;
}

static int
s_letter_key (char letter)
{
    static const char letters[] = "ABCDHF";
    static const int keys[] = {KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END};
    const char *found = letter ? strchr (letters, letter) : NULL;
    return found ? keys[found - letters] : KEY_OTHER;
}

//  "5~" and the like.
static int
s_number_key (char digit)
{
    switch (digit) {
    case '1':
    case '7':
        return KEY_HOME;
    case '4':
    case '8':
        return KEY_END;
    case '5':
        return KEY_PAGE_UP;
    case '6':
        return KEY_PAGE_DOWN;
    default:
        return KEY_OTHER;
    }
}

int
terminal_decode (const char *bytes, size_t size, size_t *used)
{
    *used = 1;
    bool sequence = size > 2 && bytes[0] == '\033' && (bytes[1] == '[' || bytes[1] == 'O');
    if (!sequence)
        return (unsigned char) bytes[0];
    size_t end = 2;
    while (end < size && ((bytes[end] >= '0' && bytes[end] <= '9') || bytes[end] == ';'))
        end++;
    *used = end < size ? end + 1 : size;
    if (end == size)
        return KEY_OTHER;
    return bytes[end] == '~' ? (end == 3 ? s_number_key (bytes[2]) : KEY_OTHER)
                             : s_letter_key (bytes[end]);
}

int
terminal_key (void)
{
    if (s_byte_count == 0) {
        ssize_t count = read (STDIN_FILENO, s_bytes, sizeof s_bytes);
        if (count <= 0)
            return count == -1 && errno != EINTR && errno != EAGAIN ? KEY_GONE : KEY_NONE;
        s_byte_count = (size_t) count;
    }
    size_t used;
    int key = terminal_decode (s_bytes, s_byte_count, &used);
    s_byte_count -= used;
    memmove (s_bytes, s_bytes + used, s_byte_count);
    return key;
}
