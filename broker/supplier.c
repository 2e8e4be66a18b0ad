//  SPDX-License-Identifier: GPL-2.0-or-later
//  supplier - see supplier.h.
#include "broker/supplier.h"
#include "transport/socket.h"
#include <inttypes.h>

#define NS_PER_MS 1000000LL

struct suppliers_t {
    zhashx_t *by_node; //  supplier_t
    size_t max_connections;
    size_t connections;
    int64_t untold_mono_ns; //  When something that was not told is due; INT64_MAX where all is told
};

//  --- All of them -------------------------------------------------------------------------------

static void
s_destroy (void **supplier_p)
{
    supplier_t *supplier = *supplier_p;
    manifest_clear (&supplier->manifest);
    zsock_destroy (&supplier->dealer);
    free (supplier);
    *supplier_p = NULL;
}

suppliers_t *
suppliers_new (size_t max_connections)
{
    suppliers_t *self = calloc (1, sizeof *self);
    assert (self);
    self->max_connections = max_connections;
    self->untold_mono_ns = INT64_MAX;
    self->by_node = zhashx_new ();
    zhashx_set_destructor (self->by_node, s_destroy);
    return self;
}

void
suppliers_destroy (suppliers_t **self_p)
{
    suppliers_t *self = *self_p;
    if (!self)
        return;
    zhashx_destroy (&self->by_node);
    free (self);
    *self_p = NULL;
}

supplier_t *
suppliers_find (suppliers_t *self, const char *node)
{
    return zhashx_lookup (self->by_node, node);
}

static void
s_disconnect (suppliers_t *self, supplier_t *supplier)
{
    if (!supplier->dealer)
        return;
    zsock_destroy (&supplier->dealer);
    self->connections--;
}

bool
suppliers_set (suppliers_t *self, const char *node, const char *endpoint)
{
    supplier_t *supplier = suppliers_find (self, node);
    if (supplier && strcmp (supplier->endpoint, endpoint) == 0)
        return false;
    if (!supplier) {
        supplier = calloc (1, sizeof *supplier);
        assert (supplier);
        snprintf (supplier->node, sizeof supplier->node, "%s", node);
        zhashx_insert (self->by_node, node, supplier);
    }
    s_disconnect (self, supplier);
    supplier_settle (supplier);
    snprintf (supplier->endpoint, sizeof supplier->endpoint, "%s", endpoint);
    return true;
}

static void
s_make_room (suppliers_t *self)
{
    supplier_t *oldest = NULL;
    for (supplier_t *each = zhashx_first (self->by_node); each; each = zhashx_next (self->by_node))
        if (each->dealer && !each->open_id &&
            (!oldest || each->used_mono_ms < oldest->used_mono_ms))
            oldest = each;
    if (oldest)
        s_disconnect (self, oldest);
}

int
suppliers_connect (suppliers_t *self, supplier_t *supplier, int64_t now_mono_ms)
{
    char error[512];
    supplier->used_mono_ms = now_mono_ms;
    //  libzmq does not come back from a peer that broke its protocol: no answer, new connection.
    if (supplier->open_id)
        s_disconnect (self, supplier);
    if (supplier->dealer)
        return 0;
    if (self->connections >= self->max_connections)
        s_make_room (self);
    supplier->dealer = socket_new (ZMQ_DEALER);
    self->connections++;
    if (socket_connect (supplier->dealer, supplier->endpoint, error) == 0)
        return 0;
    s_disconnect (self, supplier);
    return -1;
}

//  --- All of them: what is told -----------------------------------------------------------------

static void
s_note_untold (suppliers_t *self, const pace_t *pace)
{
    int64_t due_mono_ns = pace->has_told ? pace->told_mono_ns + PACE_NS : INT64_MIN;
    if (due_mono_ns < self->untold_mono_ns)
        self->untold_mono_ns = due_mono_ns;
}

static void
s_tell_lost (supplier_t *self, const loss_t *loss)
{
    zsys_warning ("%s: frames %" PRIu64 " to %" PRIu64 " of epoch %" PRIu64 " are lost: %s",
                  self->node, loss->range.first_seq, loss->range.last_seq, loss->range.epoch,
                  loss->cause == LOSS_EXPIRED ? "the worker's retention took them first"
                                              : "the worker does not have them");
}

void
suppliers_lost (suppliers_t *self, const char *node, const loss_t *loss, int64_t now_mono_ms)
{
    supplier_t *supplier = suppliers_find (self, node);
    if (!supplier)
        return;
    pace_add (&supplier->lost, loss->range.last_seq - loss->range.first_seq + 1);
    if (supplier->lost.events > 1 || !pace_is_due (&supplier->lost, now_mono_ms * NS_PER_MS)) {
        s_note_untold (self, &supplier->lost);
        return;
    }
    s_tell_lost (supplier, loss);
    pace_note_told (&supplier->lost, now_mono_ms * NS_PER_MS);
}

void
supplier_pulled (supplier_t *self, uint64_t frames)
{
    pace_add (&self->pulled, frames);
    self->is_whole = false;
}

static void
s_tell_more_lost (suppliers_t *self, supplier_t *supplier, int64_t now_mono_ns)
{
    pace_t *lost = &supplier->lost;
    if (pace_is_due (lost, now_mono_ns)) {
        zsys_warning ("%s: %" PRIu64 " more frames are lost, in %" PRIu64 " ranges", supplier->node,
                      lost->frames, lost->events);
        pace_note_told (lost, now_mono_ns);
    }
    if (lost->events > 0)
        s_note_untold (self, lost);
}

static void
s_tell_pulled (suppliers_t *self, supplier_t *supplier, int64_t now_mono_ns)
{
    pace_t *pulled = &supplier->pulled;
    if (!supplier->is_whole || pulled->events == 0)
        return;
    if (pace_is_due (pulled, now_mono_ns)) {
        zsys_info ("%s: %" PRIu64 " frame%s pulled again; none that it has is missing now",
                   supplier->node, pulled->frames, pulled->frames == 1 ? "" : "s");
        pace_note_told (pulled, now_mono_ns);
    } else
        s_note_untold (self, pulled);
}

void
suppliers_whole (suppliers_t *self, supplier_t *supplier, int64_t now_mono_ms)
{
    supplier->is_whole = true;
    s_tell_pulled (self, supplier, now_mono_ms * NS_PER_MS);
}

void
suppliers_tell (suppliers_t *self, int64_t now_mono_ms)
{
    int64_t now_mono_ns = now_mono_ms * NS_PER_MS;
    if (now_mono_ns < self->untold_mono_ns)
        return;
    self->untold_mono_ns = INT64_MAX;
    for (supplier_t *each = zhashx_first (self->by_node); each;
         each = zhashx_next (self->by_node)) {
        s_tell_more_lost (self, each, now_mono_ns);
        s_tell_pulled (self, each, now_mono_ns);
    }
}

//  --- One: questions ----------------------------------------------------------------------------

static int
s_send (supplier_t *self, message_t *message)
{
    uint8_t data[512];
    message->id = self->open_id;
    memcpy (message->node, self->node, sizeof message->node);
    size_t size = message_encode (message, data, sizeof data);
    assert (size > 0);
    return zmq_send (zsock_resolve (self->dealer), data, size, ZMQ_DONTWAIT) >= 0 ? 0 : -1;
}

int
supplier_ask_manifest (supplier_t *self, uint64_t id)
{
    message_t message = {.kind = MESSAGE_ASK_MANIFEST};
    supplier_settle (self);
    self->open_id = id;
    self->replay = false;
    return s_send (self, &message);
}

int
supplier_ask_next_page (supplier_t *self)
{
    if (self->manifest.count == 0)
        return -1; //  More of nothing
    const seq_range_t *last = &self->manifest.runs[self->manifest.count - 1].range;
    message_t message = {
        .kind = MESSAGE_ASK_MANIFEST, .from_epoch = last->epoch, .from_seq = last->last_seq + 1};
    return s_send (self, &message);
}

int
supplier_ask_replay (supplier_t *self, uint64_t id, const seq_range_t *range)
{
    message_t message = {.kind = MESSAGE_ASK_REPLAY, .range = *range};
    supplier_settle (self);
    self->open_id = id;
    self->replay = true;
    return s_send (self, &message);
}

void
supplier_settle (supplier_t *self)
{
    manifest_clear (&self->manifest);
    self->pages = 0;
    self->open_id = 0;
}

//  --- One: answers ------------------------------------------------------------------------------

int
supplier_receive (supplier_t *self, zmq_msg_t *header)
{
    zmq_msg_init (header);
    if (zmq_msg_recv (header, zsock_resolve (self->dealer), ZMQ_DONTWAIT) == -1) {
        zmq_msg_close (header);
        return -1;
    }
    self->more = zmq_msg_more (header);
    return 0;
}

int
supplier_next_part (supplier_t *self, zmq_msg_t *part)
{
    return self->more ? supplier_receive (self, part) : -1;
}

void
supplier_skip_parts (supplier_t *self)
{
    zmq_msg_t part;
    while (supplier_next_part (self, &part) == 0)
        zmq_msg_close (&part);
}
