//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about the two ends of a question: the service answers everybody, whatever somebody else
//  sends or fails to read, and an asker survives whatever comes back.
#include "test_query.h"

#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>
#include "query/ask.h"
#include "query/limits.h"
#include "query/service.h"
#include "query/show.h"
#include "transport/socket.h"

#define WAIT_MS 30000
#define LONG_S  20000 //  Of frames: more than a short statement may take

static char s_endpoint[192]; //  Of the service, or of the impostor in its place

typedef struct {
    fixture_t *store;
    service_t *service;
    atomic_int announced;
} bench_t;

static int
s_show (void *context, statement_kind_t kind, table_t **table, query_error_t *error)
{
    (void) context, (void) error;
    if (kind == STATEMENT_SHOW_STATS) {
        *table = show_stats_new ();
        show_stats_add (*table, "n1", "own", 1, "");
        return 0;
    }
    *table = table_new ();
    table_add_column (*table, "kind", UNIT_NONE);
    table_add_row (*table);
    table_set_integer (*table, 0, kind);
    return 0;
}

static void
s_announce (void *context, const message_t *message)
{
    bench_t *bench = context;
    if (strcmp (message->node, "n7") == 0)
        atomic_fetch_add (&bench->announced, 1);
}

static int
s_set_up (void **state)
{
    char error[512];
    bench_t *bench = calloc (1, sizeof *bench);
    set_up ((void **) &bench->store);
    fill_seconds (bench->store->store, "n1", time (NULL) - 3600, 3600, 1000);
    answerer_t answerer = {.store = bench->store->store, .show = s_show, .context = bench};
    snprintf (s_endpoint, sizeof s_endpoint, "ipc://%s/answers", bench->store->root);
    bench->service = service_new (s_endpoint, false, &answerer, s_announce, error);
    assert_non_null (bench->service);
    *state = bench;
    return 0;
}

static int
s_tear_down (void **state)
{
    bench_t *bench = *state;
    service_destroy (&bench->service);
    tear_down ((void **) &bench->store);
    free (bench);
    return 0;
}

static uint64_t
s_send (asker_t *asker, const char *text)
{
    uint64_t id = asker_send (asker, FORM_ROWS, text, strlen (text), 0);
    assert_int_not_equal (id, 0);
    return id;
}

static reply_t
s_receive (asker_t *asker, uint64_t id)
{
    reply_t reply;
    assert_int_equal (asker_receive (asker, id, WAIT_MS, -1, &reply), 0);
    return reply;
}

//  A question of one asker of its own, and its answer.
static void
s_assert_served (void)
{
    asker_t *asker = asker_new (s_endpoint);
    reply_t reply = s_receive (asker, s_send (asker, "select cpu_avg from n1"));
    assert_int_equal (reply.kind, REPLY_TABLE);
    assert_int_equal (table_rows (reply.table), 1);
    reply_fini (&reply);
    asker_destroy (&asker);
}

static void
s_assert_error (asker_t *asker, uint64_t id, error_code_t code)
{
    reply_t reply = s_receive (asker, id);
    assert_int_equal (reply.kind, REPLY_ERROR);
    assert_int_equal (reply.error.code, code);
    reply_fini (&reply);
}

static zsock_t *
s_raw_peer (void)
{
    char error[512];
    zsock_t *peer = socket_new (ZMQ_DEALER);
    assert_int_equal (socket_connect (peer, s_endpoint, error), 0);
    return peer;
}

static service_stats_t
s_stats (const bench_t *bench)
{
    service_stats_t stats;
    service_stats (bench->service, &stats);
    return stats;
}

//  --- answers ---------------------------------------------------------------------------------

static void
test_service_answers_in_rows (void **state)
{
    const bench_t *bench = *state;
    asker_t *asker = asker_new (s_endpoint);
    reply_t reply = s_receive (asker, s_send (asker, "select cpu_avg from n1 since 1h until 30m"));
    assert_int_equal (reply.kind, REPLY_TABLE);
    assert_string_equal (table_cell (reply.table, 0, 0)->value.text, "n1");
    assert_true (table_cell (reply.table, 0, 1)->value.real == 2000);
    assert_int_equal (reply.until_wall_s - reply.since_wall_s, 1800);
    reply_fini (&reply);
    asker_destroy (&asker);
    assert_int_equal (s_stats (bench).asked, 1);
}

static void
test_service_answers_in_partials (void **state)
{
    (void) state;
    const char *text = "select cpu_avg from n1 since 1h until 30m";
    asker_t *asker = asker_new (s_endpoint);
    uint64_t id = asker_send (asker, FORM_PARTIALS, text, strlen (text), 0);
    reply_t reply = s_receive (asker, id);
    assert_int_equal (reply.kind, REPLY_PARTIALS);
    assert_int_equal (reply.partial_count, 1);
    assert_string_equal (reply.partials[0].node, "n1");
    assert_int_equal (reply.partials[0].expected_s, 1800);
    reply_fini (&reply);
    asker_destroy (&asker);
}

static void
test_service_explains_what_is_wrong (void **state)
{
    const bench_t *bench = *state;
    asker_t *asker = asker_new (s_endpoint);
    reply_t reply = s_receive (asker, s_send (asker, "select cpu_avg from n9"));
    assert_int_equal (reply.kind, REPLY_ERROR);
    assert_int_equal (reply.error.code, ERROR_UNKNOWN);
    assert_int_equal (reply.error.position, 20);
    assert_string_equal (reply.error.text, "unknown node n9");
    assert_string_equal (reply.error.hint, "did you mean n1?");
    reply_fini (&reply);
    s_assert_error (asker, s_send (asker, "selec"), ERROR_SYNTAX);
    asker_destroy (&asker);
    assert_int_equal (s_stats (bench).refused, 2);
}

static void
test_service_answers_a_thousand_questions_in_a_row (void **state)
{
    (void) state;
    asker_t *asker = asker_new (s_endpoint);
    for (int i = 0; i < 500; i++)
        s_send (asker, "show stats");
    for (uint64_t id = 1; id <= 500; id++) {
        s_send (asker, "show stats");
        reply_t reply = s_receive (asker, id);
        assert_int_equal (reply.kind, REPLY_TABLE);
        reply_fini (&reply);
    }
    asker_destroy (&asker);
}

static void
test_service_adds_its_own_figures_to_show_stats (void **state)
{
    (void) state;
    s_assert_served ();
    asker_t *asker = asker_new (s_endpoint);
    reply_t reply = s_receive (asker, s_send (asker, "show stats"));
    assert_int_equal (table_rows (reply.table), 6);
    assert_string_equal (table_cell (reply.table, 1, 0)->value.text, "n1");
    assert_string_equal (table_cell (reply.table, 1, 1)->value.text, "answered");
    assert_int_equal (table_cell (reply.table, 1, 2)->value.integer, 1);
    reply_fini (&reply);
    asker_destroy (&asker);
}

static void
test_service_hands_announcements_on (void **state)
{
    bench_t *bench = *state;
    message_t message = {.kind = MESSAGE_ANNOUNCE, .node = "n7", .version = "0.1.0"};
    strcpy (message.publish_endpoint, "tcp://127.0.0.1:7107");
    strcpy (message.answer_endpoint, "tcp://127.0.0.1:7207");
    uint8_t header[1024];
    size_t size = message_encode (&message, header, sizeof header);
    zsock_t *peer = s_raw_peer ();
    zmq_send (zsock_resolve (peer), header, size, 0);
    while (atomic_load (&bench->announced) == 0)
        s_assert_served ();
    zsock_destroy (&peer);
}

static void
test_a_paused_service_answers_later_and_from_another_store (void **state)
{
    bench_t *bench = *state;
    fixture_t *other;
    set_up ((void **) &other);
    fill_seconds (other->store, "n2", time (NULL) - 60, 50, 1000);
    asker_t *asker = asker_new (s_endpoint);
    service_pause (bench->service);
    service_pause (bench->service);
    uint64_t id = s_send (asker, "select cpu_avg from n2");
    service_resume (bench->service, other->store);
    reply_t reply = s_receive (asker, id);
    assert_int_equal (reply.kind, REPLY_TABLE);
    reply_fini (&reply);
    s_assert_error (asker, s_send (asker, "select cpu_avg from n1"), ERROR_UNKNOWN);
    asker_destroy (&asker);
    service_pause (bench->service);
    tear_down ((void **) &other);
}

static void
test_service_says_why_it_cannot_bind (void **state)
{
    const bench_t *bench = *state;
    char error[512];
    answerer_t answerer = {.store = bench->store->store, .show = s_show};
    assert_null (service_new ("nowhere", false, &answerer, NULL, error));
    assert_non_null (strstr (error, "nowhere"));
    assert_null (service_new ("tcp://0.0.0.0:21250", false, &answerer, NULL, error));
    assert_non_null (strstr (error, "--insecure"));
}

//  --- hostile askers --------------------------------------------------------------------------

static void
test_service_survives_garbage (void **state)
{
    const bench_t *bench = *state;
    zsock_t *peer = s_raw_peer ();
    void *handle = zsock_resolve (peer);
    uint8_t bytes[300];
    srand (1);
    for (int i = 0; i < 400; i++) {
        for (size_t b = 0; b < sizeof bytes; b++)
            bytes[b] = (uint8_t) rand ();
        for (int part = rand () % 4; part > 0; part--)
            zmq_send (handle, bytes, (size_t) rand () % sizeof bytes, ZMQ_SNDMORE);
        zmq_send (handle, bytes, (size_t) rand () % sizeof bytes, 0);
    }
    while (s_stats (bench).malformed < 400)
        s_assert_served ();
    zsock_destroy (&peer);
}

//  The error that comes back for a message of these bytes.
static message_t
s_error_to (const void *data, size_t size)
{
    static uint8_t header[4096];
    message_t error;
    zsock_t *peer = s_raw_peer ();
    zsock_set_rcvtimeo (peer, WAIT_MS);
    zmq_send (zsock_resolve (peer), data, size, 0);
    int received = zmq_recv (zsock_resolve (peer), header, sizeof header, 0);
    assert_in_range (received, 1, sizeof header);
    wire_reader_t *reader = wire_reader_new ();
    assert_int_equal (message_decode (&error, reader, header, (size_t) received), 0);
    assert_int_equal (error.kind, MESSAGE_ERROR);
    wire_reader_destroy (&reader);
    zsock_destroy (&peer);
    return error;
}

static void
test_service_says_that_a_statement_is_too_long (void **state)
{
    (void) state;
    char *text = calloc (1, 1u << 20);
    uint8_t *header = malloc (2u << 20);
    message_t message = {.kind = MESSAGE_ASK, .id = 77, .statement = text};
    message.statement_size = 1u << 20;
    size_t size = message_encode (&message, header, 2u << 20);
    message_t error = s_error_to (header, size);
    assert_int_equal (error.id, 77);
    assert_non_null (strstr (error.text, "65000 bytes, not 1048576"));
    assert_non_null (strstr (error.hint, "web*"));
    free (header);
    free (text);
}

static void
test_service_says_that_garbage_is_no_request (void **state)
{
    const bench_t *bench = *state;
    message_t error = s_error_to ("GET / HTTP/1.1", 14);
    assert_int_equal (error.id, 0);
    assert_non_null (strstr (error.text, "no request"));
    assert_int_equal (s_stats (bench).malformed, 1);
}

static void
test_service_answers_cut_and_flipped_requests_or_drops_them (void **state)
{
    (void) state;
    uint8_t header[1024], bytes[1024];
    const char *text = "select cpu_avg from n1";
    message_t message = {.kind = MESSAGE_ASK, .id = 1, .statement = text};
    message.statement_size = strlen (text);
    size_t size = message_encode (&message, header, sizeof header);
    zsock_t *peer = s_raw_peer ();
    for (size_t i = 0; i < size; i++) {
        memcpy (bytes, header, size);
        bytes[i] ^= (uint8_t) (1 << i % 8);
        zmq_send (zsock_resolve (peer), bytes, size, 0);
        zmq_send (zsock_resolve (peer), header, i, 0);
    }
    s_assert_served ();
    zsock_destroy (&peer);
}

static void
test_an_asker_who_does_not_read_delays_nobody (void **state)
{
    const bench_t *bench = *state;
    asker_t *deaf = asker_new (s_endpoint);
    for (int i = 0; i < 1000 && s_stats (bench).unsent == 0; i++) {
        for (int n = 0; n < 100; n++)
            asker_send (deaf, FORM_ROWS, "show stats", 10, 0);
        s_assert_served ();
    }
    assert_true (s_stats (bench).unsent > 0);
    s_assert_served ();
    asker_destroy (&deaf);
}

static message_t
s_receive_header (zsock_t *peer)
{
    static uint8_t header[4096], rest[FRAME_MAX_BYTES];
    message_t message;
    int size = zmq_recv (zsock_resolve (peer), header, sizeof header, 0);
    assert_in_range (size, 1, sizeof header);
    while (zsock_rcvmore (peer))
        zmq_recv (zsock_resolve (peer), rest, sizeof rest, 0);
    wire_reader_t *reader = wire_reader_new ();
    assert_int_equal (message_decode (&message, reader, header, (size_t) size), 0);
    wire_reader_destroy (&reader);
    return message;
}

//  A question for as many frames as one reply may have.
static size_t
s_replay_question (uint8_t *header, size_t capacity)
{
    message_t message = {.kind = MESSAGE_ASK_REPLAY, .id = 1, .node = "n1"};
    uint64_t first = (uint64_t) time (NULL) - 3600 - 1000000000;
    message.range = (seq_range_t){.epoch = 1, .first_seq = first, .last_seq = first + 1000};
    return message_encode (&message, header, capacity);
}

static void
test_an_asker_who_does_not_read_leaves_room_for_others (void **state)
{
    const bench_t *bench = *state;
    uint8_t question[256];
    char error[512];
    enum { QUESTIONS = 650 }; //  Of 180 KiB each, with what holding them takes
    size_t size = s_replay_question (question, sizeof question), answers = 0;
    zsock_t *deaf = socket_new (ZMQ_DEALER), *reader = s_raw_peer ();
    zsock_set_rcvhwm (deaf, 1);
    zsock_set_rcvtimeo (deaf, WAIT_MS);
    zsock_set_rcvtimeo (reader, WAIT_MS);
    assert_int_equal (socket_connect (deaf, s_endpoint, error), 0);
    for (int i = 0; i < QUESTIONS; i++)
        assert_true (zmq_send (zsock_resolve (deaf), question, size, 0) > 0);
    while (s_stats (bench).recovered < QUESTIONS)
        s_assert_served ();
    zmq_send (zsock_resolve (reader), question, size, 0);
    assert_int_equal (s_receive_header (reader).kind, MESSAGE_REPLAY);
    for (int i = 0; i < QUESTIONS; i++)
        answers += s_receive_header (deaf).kind == MESSAGE_REPLAY;
    assert_in_range (answers, 300, QUESTIONS - 1);
    zsock_destroy (&reader);
    zsock_destroy (&deaf);
}

//  --- long statements -------------------------------------------------------------------------

#define LONG_STATEMENT "select cpu_avg from old"

static void
s_fill_old (const bench_t *bench)
{
    fill_seconds (bench->store->store, "old", time (NULL) - LONG_S, LONG_S, 1000);
}

static void
test_long_statements_do_not_delay_short_ones (void **state)
{
    const bench_t *bench = *state;
    s_fill_old (bench);
    asker_t *asker = asker_new (s_endpoint);
    uint64_t id = s_send (asker, LONG_STATEMENT " over 20000s every 5s");
    s_assert_served ();
    assert_int_equal (s_stats (bench).asked, 1);
    reply_t reply = s_receive (asker, id);
    assert_int_equal (reply.kind, REPLY_TABLE);
    assert_in_range (table_rows (reply.table), LONG_S / 5, LONG_S / 5 + 1);
    reply_fini (&reply);
    asker_destroy (&asker);
}

static void
test_one_asker_runs_few_long_statements_at_a_time (void **state)
{
    const bench_t *bench = *state;
    s_fill_old (bench);
    asker_t *asker = asker_new (s_endpoint);
    s_send (asker, LONG_STATEMENT " over 20000s every 5s");
    s_send (asker, LONG_STATEMENT " over 20000s every 5s");
    uint64_t third = s_send (asker, LONG_STATEMENT " over 20000s every 5s");
    s_assert_error (asker, third, ERROR_BUSY);
    s_assert_served ();
    asker_destroy (&asker);
}

static void
test_a_statement_ends_when_its_askers_time_is_up (void **state)
{
    const bench_t *bench = *state;
    const char *text = LONG_STATEMENT " over 20000s every 5s";
    s_fill_old (bench);
    asker_t *asker = asker_new (s_endpoint);
    s_assert_error (asker, asker_send (asker, FORM_ROWS, text, strlen (text), 15), ERROR_BUSY);
    asker_destroy (&asker);
}

static void
test_a_long_statement_is_refused_when_the_store_is_taken_away (void **state)
{
    bench_t *bench = *state;
    s_fill_old (bench);
    asker_t *asker = asker_new (s_endpoint);
    uint64_t id = s_send (asker, LONG_STATEMENT " over 20000s every 5s");
    s_assert_served ();
    service_pause (bench->service);
    s_assert_error (asker, id, ERROR_BUSY);
    asker_destroy (&asker);
}

static void
test_service_stops_in_the_middle_of_a_long_statement (void **state)
{
    bench_t *bench = *state;
    s_fill_old (bench);
    asker_t *asker = asker_new (s_endpoint);
    s_send (asker, LONG_STATEMENT " over 20000s every 5s");
    s_assert_served ();
    service_destroy (&bench->service);
    asker_destroy (&asker);
}

//  --- hostile answers -------------------------------------------------------------------------

//  A ROUTER where a service should be. Takes one question, and keeps whose it was.
typedef struct {
    zsock_t *socket;
    void *handle;
    uint8_t peer[255];
    int peer_size;
} impostor_t;

static impostor_t
s_impostor (void)
{
    char error[512];
    static int number; //  ZeroMQ frees a name some time after its socket was closed
    impostor_t self = {.socket = socket_new (ZMQ_ROUTER)};
    snprintf (s_endpoint, sizeof s_endpoint, "inproc://impostor-%d", ++number);
    assert_int_equal (socket_bind (self.socket, s_endpoint, false, error), 0);
    self.handle = zsock_resolve (self.socket);
    return self;
}

static void
s_impostor_take (impostor_t *self)
{
    uint8_t question[1024];
    self->peer_size = zmq_recv (self->handle, self->peer, sizeof self->peer, 0);
    zmq_recv (self->handle, question, sizeof question, 0);
}

static void
s_impostor_answer (impostor_t *self, answer_form_t form, uint64_t id, const void *part, size_t size)
{
    uint8_t header[128];
    message_t message = {.kind = MESSAGE_ANSWER, .id = id, .form = form};
    size_t header_size = message_encode (&message, header, sizeof header);
    zmq_send (self->handle, self->peer, (size_t) self->peer_size, ZMQ_SNDMORE);
    zmq_send (self->handle, header, header_size, part ? ZMQ_SNDMORE : 0);
    if (part)
        zmq_send (self->handle, part, size, 0);
}

static void
test_asker_survives_malformed_answers (void **state)
{
    (void) state;
    impostor_t impostor = s_impostor ();
    asker_t *asker = asker_new (s_endpoint);
    uint64_t id = s_send (asker, "show stats");
    s_impostor_take (&impostor);
    s_impostor_answer (&impostor, FORM_ROWS, id, "\xc1 no columns", 12);
    s_assert_error (asker, id, ERROR_INTERNAL);
    s_impostor_answer (&impostor, FORM_PARTIALS, id, "\x93", 1);
    s_assert_error (asker, id, ERROR_INTERNAL);
    s_impostor_answer (&impostor, FORM_ROWS, id, NULL, 0);
    s_assert_error (asker, id, ERROR_INTERNAL);
    asker_destroy (&asker);
    zsock_destroy (&impostor.socket);
}

static void
test_asker_drops_answers_to_other_questions (void **state)
{
    (void) state;
    impostor_t impostor = s_impostor ();
    asker_t *asker = asker_new (s_endpoint);
    uint64_t id = s_send (asker, "select cpu_avg from n1");
    s_impostor_take (&impostor);
    s_impostor_answer (&impostor, FORM_PARTIALS, id + 7, "late", 4);
    s_impostor_answer (&impostor, FORM_PARTIALS, id, NULL, 0);
    reply_t reply = s_receive (asker, id);
    assert_int_equal (reply.kind, REPLY_PARTIALS);
    assert_int_equal (reply.partial_count, 0);
    reply_fini (&reply);
    asker_destroy (&asker);
    zsock_destroy (&impostor.socket);
}

static void
test_asker_bounds_what_it_takes (void **state)
{
    (void) state;
    impostor_t impostor = s_impostor ();
    asker_t *asker = asker_new (s_endpoint);
    uint64_t id = s_send (asker, "select cpu_avg from *");
    s_impostor_take (&impostor);
    partial_t partial;
    uint8_t part[PARTIAL_MAX_BYTES], header[128];
    message_t message = {.kind = MESSAGE_ANSWER, .id = id, .form = FORM_PARTIALS};
    size_t header_size = message_encode (&message, header, sizeof header);
    partial_init (&partial, "n1", 0, 1);
    size_t size = partial_encode (&partial, METRIC_ALL, part, sizeof part);
    zmq_send (impostor.handle, impostor.peer, (size_t) impostor.peer_size, ZMQ_SNDMORE);
    zmq_send (impostor.handle, header, header_size, ZMQ_SNDMORE);
    for (size_t i = 0; i < ANSWER_MAX_PARTIALS; i++)
        zmq_send (impostor.handle, part, size, ZMQ_SNDMORE);
    zmq_send (impostor.handle, part, size, 0);
    s_assert_error (asker, id, ERROR_INTERNAL);
    asker_destroy (&asker);
    zsock_destroy (&impostor.socket);
}

static void
test_asker_reports_that_nobody_answers (void **state)
{
    (void) state;
    reply_t reply;
    asker_t *asker = asker_new ("tcp://127.0.0.1:21299");
    uint64_t id = s_send (asker, "show stats");
    assert_int_equal (asker_receive (asker, id, 10, -1, &reply), 0);
    assert_int_equal (reply.kind, REPLY_NONE);
    reply_fini (&reply);
    asker_destroy (&asker);
    assert_null (asker_new ("nowhere"));
}

static void
test_asker_stops_when_told (void **state)
{
    (void) state;
    reply_t reply;
    int stop_fd = eventfd (1, 0);
    asker_t *asker = asker_new ("tcp://127.0.0.1:21299");
    assert_int_equal (asker_receive (asker, s_send (asker, "show stats"), WAIT_MS, stop_fd, &reply),
                      -1);
    reply_fini (&reply);
    asker_destroy (&asker);
    close (stop_fd);
}

static void
test_asker_refuses_statements_that_fit_no_message (void **state)
{
    (void) state;
    char *text = calloc (1, STATEMENT_MAX_BYTES + 1);
    asker_t *asker = asker_new ("tcp://127.0.0.1:21299");
    assert_int_equal (asker_send (asker, FORM_ROWS, text, STATEMENT_MAX_BYTES + 1, 0), 0);
    assert_int_equal (asker_send (asker, FORM_ROWS, text, STATEMENT_MAX_BYTES, 0), 1);
    asker_destroy (&asker);
    free (text);
}

int
main (void)
{
    zsys_handler_set (NULL);
#define SERVED(test) cmocka_unit_test_setup_teardown (test, s_set_up, s_tear_down)
    const struct CMUnitTest tests[] = {
        SERVED (test_service_answers_in_rows),
        SERVED (test_service_answers_in_partials),
        SERVED (test_service_explains_what_is_wrong),
        SERVED (test_service_answers_a_thousand_questions_in_a_row),
        SERVED (test_service_adds_its_own_figures_to_show_stats),
        SERVED (test_service_hands_announcements_on),
        SERVED (test_a_paused_service_answers_later_and_from_another_store),
        SERVED (test_service_says_why_it_cannot_bind),
        SERVED (test_service_survives_garbage),
        SERVED (test_service_says_that_a_statement_is_too_long),
        SERVED (test_service_says_that_garbage_is_no_request),
        SERVED (test_service_answers_cut_and_flipped_requests_or_drops_them),
        SERVED (test_an_asker_who_does_not_read_delays_nobody),
        SERVED (test_an_asker_who_does_not_read_leaves_room_for_others),
        SERVED (test_long_statements_do_not_delay_short_ones),
        SERVED (test_one_asker_runs_few_long_statements_at_a_time),
        SERVED (test_a_statement_ends_when_its_askers_time_is_up),
        SERVED (test_a_long_statement_is_refused_when_the_store_is_taken_away),
        SERVED (test_service_stops_in_the_middle_of_a_long_statement),
        cmocka_unit_test (test_asker_survives_malformed_answers),
        cmocka_unit_test (test_asker_drops_answers_to_other_questions),
        cmocka_unit_test (test_asker_bounds_what_it_takes),
        cmocka_unit_test (test_asker_reports_that_nobody_answers),
        cmocka_unit_test (test_asker_stops_when_told),
        cmocka_unit_test (test_asker_refuses_statements_that_fit_no_message),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
