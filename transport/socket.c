//  SPDX-License-Identifier: GPL-2.0-or-later
//  socket - the one place where a ZeroMQ socket gets its limits, and where an endpoint from a
//  command line or from another machine is judged.

#include "transport/socket.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "schema/wire.h"

#define QUEUE_MESSAGES       1000 //  Per peer and direction; beyond it the pattern drops or blocks
#define HANDSHAKE_MS         3000
#define CONNECT_MS           3000
#define RECONNECT_MS         100
#define RECONNECT_MAX_MS     1000
#define LISTEN_BACKLOG       1024 //  Workers that reconnect together after a restart
#define KEEPALIVE_IDLE_S     5    //  A peer that vanished is noticed after 5 + 5 x 1 s
#define KEEPALIVE_INTERVAL_S 1
#define KEEPALIVE_COUNT      5
#define HOST_MAX             253
#define IPC_PATH_MAX         107 //  sockaddr_un
#define INPROC_NAME_MAX      200

zsock_t *
socket_new (int type)
{
    zsock_t *self = zsock_new (type);
    assert (self);
    zsock_set_linger (self, 0);
    zsock_set_sndhwm (self, QUEUE_MESSAGES);
    zsock_set_rcvhwm (self, QUEUE_MESSAGES);
    zsock_set_maxmsgsize (self, WIRE_MAX_BYTES);
    zsock_set_handshake_ivl (self, HANDSHAKE_MS);
    zsock_set_connect_timeout (self, CONNECT_MS);
    zsock_set_reconnect_ivl (self, RECONNECT_MS);
    zsock_set_reconnect_ivl_max (self, RECONNECT_MAX_MS);
    zsock_set_backlog (self, LISTEN_BACKLOG);
    zsock_set_tcp_keepalive (self, 1);
    zsock_set_tcp_keepalive_idle (self, KEEPALIVE_IDLE_S);
    zsock_set_tcp_keepalive_intvl (self, KEEPALIVE_INTERVAL_S);
    zsock_set_tcp_keepalive_cnt (self, KEEPALIVE_COUNT);
    return self;
}

//  What follows the scheme, or NULL where the endpoint has another one.
static const char *
s_after (const char *endpoint, const char *scheme)
{
    size_t length = strlen (scheme);
    return strncmp (endpoint, scheme, length) == 0 ? endpoint + length : NULL;
}

//  Split HOST:PORT at the last colon. Returns the port's text, or NULL where there is none or the
//  host is empty or too long.
static const char *
s_split (const char *address, char host[HOST_MAX + 1])
{
    const char *colon = strrchr (address, ':');
    if (!colon || colon == address || colon - address > HOST_MAX)
        return NULL;
    memcpy (host, address, (size_t) (colon - address));
    host[colon - address] = 0;
    return colon + 1;
}

//  Strip the brackets of [IPv6]. Returns false where there are none.
static bool
s_unbracket (char *host)
{
    size_t length = strlen (host);
    if (length < 3 || host[0] != '[' || host[length - 1] != ']')
        return false;
    memmove (host, host + 1, length - 2);
    host[length - 2] = 0;
    return true;
}

static bool
s_host_is_valid (char *host)
{
    struct in6_addr address;
    if (strcmp (host, "*") == 0)
        return true;
    if (s_unbracket (host))
        return inet_pton (AF_INET6, host, &address) == 1;
    return strspn (host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
           strlen (host);
}

static bool
s_port_is_valid (const char *port)
{
    if (strcmp (port, "*") == 0)
        return true;
    size_t digits = strspn (port, "0123456789");
    if (digits == 0 || digits > 5 || port[digits] != 0)
        return false;
    long number = strtol (port, NULL, 10);
    return number >= 1 && number <= 65535;
}

static bool
s_text_is_printable (const char *text, size_t most)
{
    size_t length = 0;
    while (text[length] && isgraph ((unsigned char) text[length]))
        length++;
    return length > 0 && length <= most && text[length] == 0;
}

bool
endpoint_is_valid (const char *endpoint)
{
    const char *path = s_after (endpoint, "ipc://");
    if (path)
        return s_text_is_printable (path, IPC_PATH_MAX);
    const char *name = s_after (endpoint, "inproc://");
    if (name)
        return s_text_is_printable (name, INPROC_NAME_MAX);
    const char *address = s_after (endpoint, "tcp://");
    char host[HOST_MAX + 1];
    const char *port = address ? s_split (address, host) : NULL;
    return port && s_port_is_valid (port) && s_host_is_valid (host);
}

static bool
s_host_is_loopback (char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (strcmp (host, "localhost") == 0)
        return true;
    if (s_unbracket (host))
        return inet_pton (AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK (&six);
    return inet_pton (AF_INET, host, &four) == 1 && ntohl (four.s_addr) >> 24 == 127;
}

bool
endpoint_is_loopback (const char *endpoint)
{
    if (!endpoint_is_valid (endpoint))
        return false;
    const char *address = s_after (endpoint, "tcp://");
    char host[HOST_MAX + 1];
    if (!address)
        return true;
    return s_split (address, host) && s_host_is_loopback (host);
}

static int
s_fail (char error[512], const char *endpoint, const char *why)
{
    snprintf (error, 512, "%.300s: %s", endpoint, why);
    return -1;
}

static const char *
s_bind_advice (int code)
{
    switch (code) {
    case EADDRINUSE:
        return "in use by another program: stop it ('ss -ltnp' names it) or choose another port";
    case EADDRNOTAVAIL:
    case ENODEV:
        return "no address of this machine: use one that 'ip address' lists, or 127.0.0.1";
    case EACCES:
        return "not allowed: choose a port above 1023, or a folder you may write to";
    default:
        return zmq_strerror (code);
    }
}

//  IPv6 is switched on only for endpoints written so: otherwise "localhost" would mean ::1, where
//  nobody listens.
static void
s_set_family (zsock_t *self, const char *endpoint)
{
    zsock_set_ipv6 (self, strchr (endpoint, '[') != NULL);
}

#define NOT_AN_ADDRESS "not an address: write tcp://HOST:PORT, ipc://PATH or inproc://NAME"

int
socket_bind (zsock_t *self, const char *endpoint, bool insecure, char error[512])
{
    if (!endpoint_is_valid (endpoint))
        return s_fail (error, endpoint, NOT_AN_ADDRESS);
    bool open = !endpoint_is_loopback (endpoint);
    if (open && !insecure)
        return s_fail (error, endpoint,
                       "other machines could reach it and the link is not yet encrypted: "
                       "bind 127.0.0.1, or allow it with --insecure");
    s_set_family (self, endpoint);
    if (zsock_bind (self, "%s", endpoint) == -1)
        return s_fail (error, endpoint, s_bind_advice (zmq_errno ()));
    if (open)
        fprintf (stderr,
                 "warning: %s: other machines can reach it, and the link is not yet "
                 "encrypted\n",
                 endpoint);
    return 0;
}

int
socket_connect (zsock_t *self, const char *endpoint, char error[512])
{
    if (!endpoint_is_valid (endpoint))
        return s_fail (error, endpoint, NOT_AN_ADDRESS);
    if (s_after (endpoint, "tcp://") && strchr (endpoint, '*'))
        return s_fail (error, endpoint,
                       "'*' says where to listen; to connect, name the host and the port");
    s_set_family (self, endpoint);
    if (zsock_connect (self, "%s", endpoint) == -1)
        return s_fail (error, endpoint, zmq_strerror (zmq_errno ()));
    return 0;
}
