//  SPDX-License-Identifier: GPL-2.0-or-later
//  splitter - see splitter.h.
#include "subscriber/splitter.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef enum { IN_TEXT, IN_COMMENT, IN_SINGLE_QUOTES, IN_DOUBLE_QUOTES, IN_COMMAND } place_t;

struct splitter_t {
    char text[STATEMENT_MAX_BYTES];
    size_t size;
    bool overflow;  //  More came than fits
    bool has_words; //  More than blanks and comments
    place_t place;
    bool in_word;      //  The byte before belongs to a word, in which -- is no comment
    bool dash;         //  The byte before is a '-' outside words: half of a comment's beginning
    size_t line;       //  Of the input, being read
    size_t first_line; //  Of the statement
    char command[COMMAND_MAX_BYTES + 1];
    size_t command_size;
};

splitter_t *
splitter_new (void)
{
    splitter_t *self = calloc (1, sizeof *self);
    assert (self);
    self->line = 1;
    return self;
}

void
splitter_destroy (splitter_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

void
splitter_resume (splitter_t *self)
{
    self->command_size = 0;
    self->place = IN_TEXT;
}

void
splitter_next (splitter_t *self)
{
    splitter_resume (self);
    self->size = 0;
    self->overflow = self->has_words = self->in_word = self->dash = false;
}

//  Blanks before a statement are not kept, so that it begins on its first line.
static void
s_keep (splitter_t *self, char byte)
{
    bool blank = isspace ((unsigned char) byte);
    if (self->size == 0 && !blank)
        self->first_line = self->line;
    if (self->size == 0 && blank)
        return;
    if (self->size < sizeof self->text)
        self->text[self->size++] = byte;
    else if (!blank)
        self->overflow = true;
}

//  Where the byte leaves us.
static place_t
s_move (const splitter_t *self, char byte)
{
    switch (self->place) {
    case IN_COMMENT:
        return byte == '\n' ? IN_TEXT : IN_COMMENT;
    case IN_SINGLE_QUOTES:
        return byte == '\'' ? IN_TEXT : IN_SINGLE_QUOTES;
    case IN_DOUBLE_QUOTES:
        return byte == '"' ? IN_TEXT : IN_DOUBLE_QUOTES;
    case IN_COMMAND:
    case IN_TEXT:
        break;
    }
    if (byte == '-' && self->dash)
        return IN_COMMENT;
    return byte == '\'' ? IN_SINGLE_QUOTES : byte == '"' ? IN_DOUBLE_QUOTES : IN_TEXT;
}

//  As the language's lexer has it.
static bool
s_is_word_byte (char byte)
{
    return isalnum ((unsigned char) byte) || (byte && strchr ("_.*?", byte));
}

//  A dash outside words counts as one only when the next byte has not made a comment of it.
static void
s_note_words (splitter_t *self, char byte, place_t next)
{
    bool plain = self->place == IN_TEXT && next == IN_TEXT;
    bool comment = self->place == IN_COMMENT || next == IN_COMMENT;
    bool in_word = plain && (s_is_word_byte (byte) || (byte == '-' && self->in_word));
    bool dash = plain && byte == '-' && !in_word;
    if (!comment && (self->dash || (!dash && !isspace ((unsigned char) byte))))
        self->has_words = true;
    self->in_word = in_word;
    self->dash = dash;
}

//  --- commands --------------------------------------------------------------------------------

static void
s_keep_command (splitter_t *self, char byte)
{
    if (self->command_size < COMMAND_MAX_BYTES)
        self->command[self->command_size] = byte ? byte : ' ';
    self->command_size++;
}

static void
s_begin_command (splitter_t *self)
{
    if (self->size == 0)
        self->first_line = self->line;
    self->has_words |= self->dash;
    self->in_word = self->dash = false;
    self->place = IN_COMMAND;
    s_keep_command (self, '\\');
}

static splitter_state_t
s_put_command (splitter_t *self, char byte)
{
    if (byte != '\n') {
        s_keep_command (self, byte);
        return SPLITTER_MORE;
    }
    self->line++;
    return splitter_end (self);
}

const char *
splitter_command (const splitter_t *self)
{
    return self->command;
}

//  ---------------------------------------------------------------------------------------------

splitter_state_t
splitter_put (splitter_t *self, char byte)
{
    if (self->place == IN_COMMAND)
        return s_put_command (self, byte);
    if (byte == '\\' && self->place == IN_TEXT) {
        s_begin_command (self);
        return SPLITTER_MORE;
    }
    if (byte == ';' && self->place == IN_TEXT) {
        splitter_state_t state = splitter_end (self);
        if (state == SPLITTER_MORE)
            splitter_next (self);
        return state;
    }
    place_t next = s_move (self, byte);
    s_note_words (self, byte, next);
    s_keep (self, byte);
    self->place = next;
    self->line += byte == '\n';
    return SPLITTER_MORE;
}

splitter_state_t
splitter_end (splitter_t *self)
{
    if (self->place == IN_COMMAND) {
        bool fits = self->command_size <= COMMAND_MAX_BYTES;
        self->command[fits ? self->command_size : 0] = '\0';
        return fits ? SPLITTER_COMMAND : SPLITTER_TOO_LONG;
    }
    if (!splitter_has_text (self))
        return SPLITTER_MORE;
    return self->overflow ? SPLITTER_TOO_LONG : SPLITTER_STATEMENT;
}

const char *
splitter_text (const splitter_t *self, size_t *size)
{
    *size = self->size;
    while (*size > 0 && isspace ((unsigned char) self->text[*size - 1]))
        (*size)--;
    return self->text;
}

bool
splitter_has_text (const splitter_t *self)
{
    return self->has_words || self->dash;
}

size_t
splitter_line (const splitter_t *self)
{
    return self->first_line;
}
