//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_top_print - the screen of live_top.h.
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "subscriber/bars.h"
#include "subscriber/heat.h"
#include "subscriber/live_status.h"
#include "subscriber/live_top.h"
#include "subscriber/unit_text.h"

#define COLUMNS_ELSEWHERE 100 //  Where there is no terminal
#define WIDE              96  //  From here on there is room for all columns
#define NODE_WIDTH        12
#define NODE_WIDTH_WIDE   16
#define STATE_WIDTH       12
#define NUMBER_WIDTH      8
#define HEAD_LINES        3
#define FOOT_LINES        1

typedef struct {
    const char *title;
    rank_order_t order;
    char key;
    bool only_wide;
} column_t;

static const column_t s_columns[] = {
    {"NODE", BY_NODE_NAME, 'n', false}, {"EVENTS/s", BY_RATE, 'e', false},
    {"AVG", BY_AVERAGE, 'a', false},    {"P50", BY_P50, '5', false},
    {"P99", BY_P99, '9', false},        {"MAX", BY_MOST, 'x', true},
    {"MISSED", BY_MISSED, 'i', false},
};

#define COLUMN_COUNT (sizeof s_columns / sizeof s_columns[0])
#define HELP_INDENT  17 //  Of what a key does

//  What fits where.
typedef struct {
    const screen_t *screen;
    size_t columns;
    int node_width;
    size_t history; //  Seconds of it
    bool is_wide;
} layout_t;

bool
live_top_choose_order (live_top_state_t *state, int key)
{
    size_t place = 0;
    while (s_columns[place].order != state->order)
        place++;
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        if (s_columns[i].key == key) {
            state->order = s_columns[i].order;
            return true;
        }
    if (key == '<' && place > 0)
        state->order = s_columns[place - 1].order;
    if (key == '>' && place + 1 < COLUMN_COUNT)
        state->order = s_columns[place + 1].order;
    return key == '<' || key == '>';
}

static layout_t
s_layout (const screen_t *screen)
{
    layout_t self = {.screen = screen};
    self.columns = screen->columns ? screen->columns : COLUMNS_ELSEWHERE;
    self.is_wide = self.columns >= WIDE;
    self.node_width = self.is_wide ? NODE_WIDTH_WIDE : NODE_WIDTH;
    size_t taken = (size_t) self.node_width + STATE_WIDTH + 2;
    for (size_t i = 1; i < COLUMN_COUNT; i++)
        if (self.is_wide || !s_columns[i].only_wide)
            taken += NUMBER_WIDTH + 1;
    self.history = self.columns > taken ? self.columns - taken : 0;
    if (self.history > LIVE_RANKING_HISTORY)
        self.history = LIVE_RANKING_HISTORY;
    return self;
}

//  --- lines above and below -------------------------------------------------------------------

static void
s_print_head (const live_stage_t *stage, const live_top_state_t *state, const live_moment_t *moment,
              const layout_t *layout, FILE *out)
{
    char clock[UNIT_TEXT_MAX + 1];
    const screen_t *screen = layout->screen;
    const metric_t *metric = metric_get (state->metric);
    unit_text_clock (moment->now_wall_ns / 1000000000, clock);
    fprintf (out, "%s%s  kpulse top  %s%s: %s", screen_bold (screen), clock, metric->name,
             screen_plain (screen), metric->meaning);
    if (stage->over_s > 0)
        fprintf (out, ", over %" PRId64 " s", stage->over_s);
    fputc ('\n', out);
    live_status_print (stage, moment->now_mono_ns, screen, out);
    if (state->filter[0])
        fprintf (out, ", shown are those with '%s'", state->filter);
    fputc ('\n', out);
}

static void
s_print_title (const column_t *column, const live_top_state_t *state, const layout_t *layout,
               FILE *out)
{
    const screen_t *screen = layout->screen;
    bool is_order = column->order == state->order;
    const char *mark = !is_order      ? ""
                       : screen->utf8 ? (state->reversed ? "▲" : "▼")
                                      : (state->reversed ? "^" : "v");
    int width = column->order == BY_NODE_NAME ? layout->node_width : NUMBER_WIDTH;
    int blanks = width - (int) strlen (column->title) - is_order;
    bool is_left = column->order == BY_NODE_NAME;
    fprintf (out, "%*s%s%s%*s", is_left ? 0 : blanks + 1, "", column->title, mark,
             is_left ? blanks : 0, "");
}

static void
s_print_titles (const live_top_state_t *state, const layout_t *layout, FILE *out)
{
    char history[48] = "";
    const screen_t *screen = layout->screen;
    if (layout->history > 14)
        snprintf (history, sizeof history, "P99, LAST %zu s", layout->history);
    fputs (screen->colour ? "\033[7m" : "", out);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        if (layout->is_wide || !s_columns[i].only_wide)
            s_print_title (&s_columns[i], state, layout, out);
    fprintf (out, " %-*s %-*s%s\n", (int) layout->history, history, STATE_WIDTH, "STATE",
             screen_plain (screen));
}

static void
s_print_foot (const live_stage_t *stage, const live_top_state_t *state, const layout_t *layout,
              FILE *out)
{
    if (state->edits_filter)
        fprintf (out, "show nodes with: %s_   (Enter: done, Esc: all nodes)", state->filter);
    else if (*live_notices_newest (stage->notices))
        live_status_print_notice (stage, layout->screen, out);
    else
        fputs ("q quit  < > sort  r reverse  m metric  / filter  arrows scroll  h help", out);
    fputc ('\n', out);
}

//  Text from column indent on, broken at blanks to the screen's width.
static void
s_print_wrapped (const char *text, size_t indent, const screen_t *screen, FILE *out)
{
    size_t column = indent;
    while (*text) {
        size_t length = strcspn (text, " ");
        bool is_first = column == indent;
        if (!is_first && screen->columns > 0 && column + 1 + length > screen->columns) {
            fprintf (out, "\n%*s", (int) indent, "");
            column = indent;
            is_first = true;
        }
        fprintf (out, "%s%.*s", is_first ? "" : " ", (int) length, text);
        column += length + !is_first;
        text += length;
        text += *text == ' ';
    }
    fputc ('\n', out);
}

static void
s_print_key (const char *keys, const char *what, const screen_t *screen, FILE *out)
{
    fprintf (out, "  %-*s", HELP_INDENT - 2, keys);
    s_print_wrapped (what, HELP_INDENT, screen, out);
}

static void
s_print_help (const screen_t *screen, FILE *out)
{
    char orders[2 * COLUMN_COUNT + 1] = "";
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        snprintf (orders + 2 * i, 3, "%c ", s_columns[i].key);
    fputc ('\n', out);
    s_print_key ("< >", "sort by the column to the left or right", screen, out);
    s_print_key (orders, "sort by node, events, average, p50, p99, greatest, missed frames", screen,
                 out);
    s_print_key ("r", "reverse the order", screen, out);
    s_print_key ("m", "the next metric", screen, out);
    s_print_key ("/", "show only nodes whose name holds a text, or matches web*; Esc: all", screen,
                 out);
    s_print_key ("arrows", "scroll, as do the page keys, Home and End", screen, out);
    s_print_key ("q", "quit; Ctrl-Z: leave for a while", screen, out);
    fputs ("\n  ", out);
    s_print_wrapped ("MISSED: frames that did not reach this program. STATE: silent after 3 s "
                     "without a frame. p50 and p99 are within 4.4 %, MAX is the upper edge of the "
                     "last bucket. A dot in the last column is a second without a frame.",
                     2, screen, out);
}

//  --- rows ------------------------------------------------------------------------------------

static void
s_print_duration (double ns, FILE *out)
{
    char text[UNIT_TEXT_MAX + 1] = "-";
    if (ns >= 0)
        unit_text_duration (ns, text);
    fprintf (out, " %*s", NUMBER_WIDTH, text);
}

static void
s_print_figures (const live_figures_t *figures, const layout_t *layout, FILE *out)
{
    char rate[UNIT_TEXT_MAX + 1] = "-";
    if (figures->rate >= 0)
        unit_text_number (figures->rate, rate);
    fprintf (out, " %*s", NUMBER_WIDTH, rate);
    s_print_duration (figures->average_ns, out);
    s_print_duration (figures->p50_ns, out);
    heat_begin_text (heat_duration_level (figures->p99_ns), layout->screen, out);
    s_print_duration (figures->p99_ns, out);
    heat_end_text (layout->screen, out);
    if (layout->is_wide)
        s_print_duration (figures->most_ns, out);
}

//  p99 of a second so long before now. A frame of the last second may still be under way.
static double
s_history_ns (const live_rank_t *rank, const live_figures_t *figures, int64_t seconds_ago,
              const live_moment_t *moment)
{
    int64_t without_s = (moment->now_mono_ns - rank->last_mono_ns) / 1000000000;
    int64_t place = LIVE_RANKING_HISTORY - 1 - seconds_ago + (without_s > 1 ? without_s : 0);
    return place < LIVE_RANKING_HISTORY ? figures->history_ns[place] : LIVE_RANKING_UNKNOWN;
}

//  How high a bar stands is the node's own scale, its colour that of all.
static void
s_print_history (const live_rank_t *rank, const live_figures_t *figures,
                 const live_moment_t *moment, const layout_t *layout, FILE *out)
{
    double history_ns[LIVE_RANKING_HISTORY], greatest = 0;
    for (size_t i = 0; i < layout->history; i++) {
        history_ns[i] = s_history_ns (rank, figures, (int64_t) (layout->history - 1 - i), moment);
        greatest = fmax (greatest, history_ns[i]);
    }
    for (size_t i = 0; i < layout->history; i++) {
        heat_begin_text (heat_duration_level (history_ns[i]), layout->screen, out);
        fputs (bars_one (history_ns[i], greatest, layout->screen->utf8), out);
    }
    heat_end_text (layout->screen, out);
}

static void
s_write_silence (int64_t seconds, char *text, size_t size)
{
    if (seconds < 1000)
        snprintf (text, size, "silent %" PRId64 " s", seconds);
    else if (seconds < 1000 * 60)
        snprintf (text, size, "silent %" PRId64 " m", seconds / 60);
    else
        snprintf (text, size, "silent %" PRId64 " h", seconds / 3600);
}

static void
s_print_state (const live_rank_t *rank, const live_moment_t *moment, const layout_t *layout,
               FILE *out)
{
    char text[32] = "live";
    int64_t silent_ns = moment->now_mono_ns - rank->last_mono_ns;
    bool is_silent = silent_ns >= LIVE_WATCH_SILENT_NS;
    if (is_silent)
        s_write_silence (silent_ns / 1000000000, text, sizeof text);
    else if (rank->source != FRAME_FROM_BPF)
        snprintf (text, sizeof text, "%s", frame_source_name (rank->source));
    else if (rank->scope != SCOPE_ALL)
        snprintf (text, sizeof text, "%s", rank->scope == SCOPE_PID ? "one pid" : "cgroup");
    bool is_plain = !is_silent && rank->source == FRAME_FROM_BPF;
    fprintf (out, " %s%s%s", is_plain ? "" : screen_warning (layout->screen), text,
             screen_plain (layout->screen));
}

static void
s_print_rank (const live_rank_t *rank, const live_top_state_t *state, const live_moment_t *moment,
              const layout_t *layout, FILE *out)
{
    const live_figures_t *figures = &rank->metrics[state->metric];
    const screen_t *screen = layout->screen;
    fprintf (out, "%-*.*s", layout->node_width, layout->node_width, rank->node);
    s_print_figures (figures, layout, out);
    fprintf (out, " %s%*" PRIu64 "%s ", rank->missed ? screen_warning (screen) : "", NUMBER_WIDTH,
             rank->missed, rank->missed ? screen_plain (screen) : "");
    s_print_history (rank, figures, moment, layout, out);
    s_print_state (rank, moment, layout, out);
    fputc ('\n', out);
}

static void
s_print_rows (live_ranking_t *ranking, live_top_state_t *state, const live_moment_t *moment,
              const layout_t *layout, FILE *out)
{
    const live_rank_t *const *ranks;
    size_t screen_rows = layout->screen->rows;
    size_t count = live_ranking_sort (ranking, state->metric, state->order, state->reversed,
                                      state->filter, &ranks);
    size_t room =
        screen_rows > HEAD_LINES + FOOT_LINES ? screen_rows - HEAD_LINES - FOOT_LINES : count;
    size_t last_first = count > room ? count - room : 0;
    state->first = state->first < last_first ? state->first : last_first;
    for (size_t i = 0; i < room && state->first + i < count; i++)
        s_print_rank (ranks[state->first + i], state, moment, layout, out);
    for (size_t i = count - state->first; i < room; i++)
        fputc ('\n', out);
}

void
live_top_print (const live_stage_t *stage, live_ranking_t *ranking, live_top_state_t *state,
                const live_moment_t *moment, const screen_t *screen, FILE *out)
{
    layout_t layout = s_layout (screen);
    s_print_head (stage, state, moment, &layout, out);
    if (state->shows_help) {
        s_print_help (screen, out);
        return;
    }
    s_print_titles (state, &layout, out);
    s_print_rows (ranking, state, moment, &layout, out);
    if (screen->rows > 0)
        s_print_foot (stage, state, &layout, out);
}
