//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_output - see live_output.h.
#include "subscriber/live_output.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define GATHERED_BYTES 65536
#define PAGE_BYTES     PIPE_BUF

struct live_output_t {
    FILE *stream;
    int fd, stop_fd;
    output_state_t state;
    int error; //  Where it failed
    char gathered[GATHERED_BYTES];
};

//  Until the reader takes something. Returns false when the stop came instead.
static bool
s_wait_for_reader (const live_output_t *self)
{
    struct pollfd items[] = {{.fd = self->fd, .events = POLLOUT},
                             {.fd = self->stop_fd, .events = POLLIN}};
    while (poll (items, 2, -1) == -1)
        assert (errno == EINTR);
    return items[1].revents == 0;
}

static output_state_t
s_state_of (int error)
{
    return error == EPIPE ? OUTPUT_STOPPED : OUTPUT_FAILED;
}

//  What is called writable takes a page without waiting. Pipes take as much as they have room for,
//  where the kernel can be asked not to wait (Linux 6.5), and wake their reader up once for that.
static ssize_t
s_write_some (const live_output_t *self, const char *text, size_t size)
{
    const struct iovec all = {.iov_base = (void *) text, .iov_len = size};
    ssize_t rc = pwritev2 (self->fd, &all, 1, -1, RWF_NOWAIT);
    if (rc >= 0 || (errno != EOPNOTSUPP && errno != EAGAIN))
        return rc;
    return write (self->fd, text, size < PAGE_BYTES ? size : PAGE_BYTES);
}

//  Of stdio: writes all, or returns 0.
static ssize_t
s_write (void *cookie, const char *text, size_t size)
{
    live_output_t *self = cookie;
    size_t done = 0;
    while (done < size && self->state == OUTPUT_WRITTEN) {
        if (!s_wait_for_reader (self)) {
            self->state = OUTPUT_STOPPED;
            break;
        }
        ssize_t rc = s_write_some (self, text + done, size - done);
        if (rc >= 0)
            done += (size_t) rc;
        else if (errno != EINTR && errno != EAGAIN) {
            self->error = errno;
            self->state = s_state_of (errno);
        }
    }
    return done == size ? (ssize_t) size : 0;
}

live_output_t *
live_output_new (int fd, int stop_fd)
{
    live_output_t *self = calloc (1, sizeof *self);
    assert (self);
    self->fd = fd;
    self->stop_fd = stop_fd;
    self->stream = fopencookie (self, "w", (cookie_io_functions_t){.write = s_write});
    assert (self->stream);
    setvbuf (self->stream, self->gathered, _IOFBF, sizeof self->gathered);
    return self;
}

void
live_output_destroy (live_output_t **self_p)
{
    live_output_t *self = *self_p;
    if (!self)
        return;
    self->state = OUTPUT_STOPPED;
    fclose (self->stream);
    free (self);
    *self_p = NULL;
}

FILE *
live_output_stream (live_output_t *self)
{
    return self->stream;
}

output_state_t
live_output_flush (live_output_t *self)
{
    fflush (self->stream);
    errno = self->error;
    return self->state;
}
