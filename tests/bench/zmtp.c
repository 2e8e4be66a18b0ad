//  SPDX-License-Identifier: GPL-2.0-or-later
//  zmtp - see zmtp.h.
#include "tests/bench/zmtp.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_BYTES_MAX 4096
#define BUFFER_BYTES      (64 * 1024)
#define GREETING_BYTES    64

//  A part's first byte (ZMTP 3.0, "framing").
#define FLAG_MORE    1
#define FLAG_LONG    2
#define FLAG_COMMAND 4

struct zmtp_t {
    int listener, socket;
    size_t size;
    uint8_t buffer[BUFFER_BYTES];
};

static _Noreturn void
s_fail (const char *what)
{
    perror (what);
    exit (EXIT_FAILURE);
}

zmtp_t *
zmtp_new (uint16_t port)
{
    zmtp_t *self = calloc (1, sizeof *self);
    assert (self);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons (port),
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int yes = 1;
    self->socket = -1;
    self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (self->listener == -1 ||
        setsockopt (self->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
        bind (self->listener, (struct sockaddr *) &address, sizeof address) ||
        listen (self->listener, 1))
        s_fail ("zmtp: listen");
    return self;
}

//  --- the handshake ---------------------------------------------------------------------------

static void
s_read (zmtp_t *self, void *data, size_t size)
{
    if (recv (self->socket, data, size, MSG_WAITALL) != (ssize_t) size)
        s_fail ("zmtp: the subscriber left");
}

static void
s_write (zmtp_t *self, const void *data, size_t size)
{
    for (const char *next = data; size > 0;) {
        ssize_t sent = send (self->socket, next, size, MSG_NOSIGNAL);
        if (sent <= 0)
            s_fail ("zmtp: send");
        next += sent;
        size -= (size_t) sent;
    }
}

static void
s_write_greeting (zmtp_t *self)
{
    static const uint8_t greeting[GREETING_BYTES] = {0xFF, [9] = 0x7F, [10] = 3, [12] = 'N',
                                                     'U',  'L',        'L'};
    s_write (self, greeting, sizeof greeting);
}

static void
s_write_ready (zmtp_t *self)
{
    static const char ready[] = "\4\x19\5READY\xBSocket-Type\0\0\0\3PUB";
    s_write (self, ready, sizeof ready - 1);
}

//  Returns the flags of the next short part, and its first byte.
static uint8_t
s_read_part (zmtp_t *self, uint8_t *first)
{
    uint8_t head[2], body[256];
    s_read (self, head, sizeof head);
    if (head[0] & FLAG_LONG)
        s_fail ("zmtp: a long subscription");
    s_read (self, body, head[1]);
    *first = head[1] ? body[0] : 0;
    return head[0];
}

//  In ZMTP 3.0 a subscription is a message that begins with 1.
static void
s_read_subscription (zmtp_t *self)
{
    uint8_t first;
    while (s_read_part (self, &first) & FLAG_COMMAND || first != 1)
        continue;
}

void
zmtp_accept (zmtp_t *self, int timeout_ms)
{
    uint8_t greeting[GREETING_BYTES];
    struct pollfd item = {.fd = self->listener, .events = POLLIN};
    struct timeval timeout = {.tv_sec = timeout_ms / 1000};
    int yes = 1;
    if (poll (&item, 1, timeout_ms) == 1)
        self->socket = accept (self->listener, NULL, NULL);
    if (self->socket == -1 ||
        setsockopt (self->socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) ||
        setsockopt (self->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes))
        s_fail ("zmtp: nobody connects");
    s_write_greeting (self);
    s_read (self, greeting, sizeof greeting);
    s_write_ready (self);
    s_read_subscription (self);
}

//  --- sending ---------------------------------------------------------------------------------

static void
s_put_part (zmtp_t *self, uint8_t flags, const void *data, size_t size)
{
    uint8_t *next = self->buffer + self->size;
    uint64_t length = __builtin_bswap64 (size);
    if (size < 256) {
        *next++ = flags;
        *next++ = (uint8_t) size;
    } else {
        *next++ = flags | FLAG_LONG;
        memcpy (next, &length, sizeof length);
        next += sizeof length;
    }
    memcpy (next, data, size);
    self->size = (size_t) (next - self->buffer) + size;
}

void
zmtp_put (zmtp_t *self, const void *topic, size_t topic_size, const void *data, size_t size)
{
    assert (topic_size + size <= MESSAGE_BYTES_MAX);
    if (self->size > sizeof self->buffer - MESSAGE_BYTES_MAX - 32)
        zmtp_send (self);
    s_put_part (self, FLAG_MORE, topic, topic_size);
    s_put_part (self, 0, data, size);
}

void
zmtp_send (zmtp_t *self)
{
    s_write (self, self->buffer, self->size);
    self->size = 0;
}

//  Closing with bytes unread would reset the connection, and take what is under way with it.
static void
s_close_softly (int socket)
{
    char bytes[256];
    shutdown (socket, SHUT_WR);
    while (recv (socket, bytes, sizeof bytes, 0) > 0)
        continue;
    close (socket);
}

void
zmtp_destroy (zmtp_t **self_p)
{
    zmtp_t *self = *self_p;
    if (!self)
        return;
    if (self->socket != -1) {
        zmtp_send (self);
        s_close_softly (self->socket);
    }
    close (self->listener);
    free (self);
    *self_p = NULL;
}
