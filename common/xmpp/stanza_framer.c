/* SPDX-License-Identifier: Apache-2.0 */
#include "common/xmpp/stanza_framer.h"

#include <string.h>

typedef enum { IN_TEXT, AFTER_LT, IN_TAG, IN_END_TAG, IN_BANG, IN_CDATA, IN_DECLARATION } Place;

struct StanzaFramer {
    GString *in;   /* what is not framed yet; while skipping, nothing */
    size_t at;     /* bytes of it looked at */
    size_t start;  /* of the stanza in it, of the header before */
    size_t head;   /* bytes of the stanza's first tag; 0: not complete yet */
    GString *kept; /* first tag of the stanza that is skipped */
    Place place;
    unsigned depth; /* open elements, the stream's included */
    unsigned match; /* characters of "[CDATA[" or "]]>" seen */
    char quote, last;
    gboolean skipping, ended, bad;
};

StanzaFramer *stanza_framer_new(void)
{
    StanzaFramer *f = g_new0(StanzaFramer, 1);
    f->in = g_string_new(NULL);
    f->kept = g_string_new(NULL);
    return f;
}

void stanza_framer_free(StanzaFramer *f)
{
    if (!f)
        return;
    g_string_free(f->in, TRUE);
    g_string_free(f->kept, TRUE);
    g_free(f);
}

void stanza_framer_push(StanzaFramer *f, const char *bytes, size_t len)
{
    size_t done = f->skipping || f->depth < 2 ? f->at : f->start;
    if (f->place != IN_TEXT && !f->skipping)
        done = f->start;
    g_string_erase(f->in, 0, (gssize)done);
    f->at -= done;
    f->start -= MIN(f->start, done);
    if (!f->bad && !f->ended)
        g_string_append_len(f->in, bytes, (gssize)len);
}

/* One character inside a first or empty tag, quotes respected. TRUE: it ends here. */
static gboolean tag_ends(StanzaFramer *f, char c)
{
    if (f->quote)
        f->quote = c == f->quote ? 0 : f->quote;
    else if (c == '"' || c == '\'')
        f->quote = c;
    else if (c == '>')
        return TRUE;
    return FALSE;
}

static FrameType opened(StanzaFramer *f)
{
    gboolean empty = f->last == '/';
    f->place = IN_TEXT;
    if (f->depth == 0) {
        f->depth = 1;
        return empty ? FRAME_BAD : FRAME_HEADER;
    }
    if (f->depth == 1 && !f->skipping)
        f->head = f->at - f->start;
    f->depth += !empty;
    return f->depth == 1 ? FRAME_STANZA : FRAME_NONE;
}

static FrameType closed(StanzaFramer *f)
{
    f->place = IN_TEXT;
    if (f->depth == 0)
        return FRAME_BAD;
    f->depth--;
    return f->depth == 1 ? FRAME_STANZA : f->depth == 0 ? FRAME_END : FRAME_NONE;
}

static FrameType after_lt(StanzaFramer *f, char c)
{
    f->quote = f->last = 0;
    f->match = 0;
    if (c == '/') {
        f->place = IN_END_TAG;
    } else if (c == '!') {
        f->place = IN_BANG;
        return f->depth < 2 ? FRAME_BAD : FRAME_NONE; /* CDATA is text, and there is none between stanzas */
    } else if (c == '?') {
        f->place = IN_DECLARATION;
        return f->depth > 0 ? FRAME_BAD : FRAME_NONE;
    } else {
        f->place = IN_TAG;
        f->last = c;
        return c == '>' ? FRAME_BAD : FRAME_NONE;
    }
    return FRAME_NONE;
}

/* The character before f->at was c. */
static FrameType step(StanzaFramer *f, char c)
{
    static const char cdata[] = "[CDATA[";
    switch (f->place) {
    case IN_TEXT:
        if (c == '<') {
            if (f->depth < 2 && !f->skipping)
                f->start = f->at - 1;
            f->place = AFTER_LT;
        } else if (f->depth < 2 && !g_ascii_isspace(c)) {
            return FRAME_BAD;
        }
        return FRAME_NONE;
    case AFTER_LT:
        return after_lt(f, c);
    case IN_TAG:
        if (tag_ends(f, c))
            return opened(f);
        f->last = c;
        return FRAME_NONE;
    case IN_END_TAG:
        return c == '>' ? closed(f) : FRAME_NONE;
    case IN_BANG:
        if (c != cdata[f->match])
            return FRAME_BAD;
        if (cdata[++f->match] == '\0') {
            f->place = IN_CDATA;
            f->match = 0;
        }
        return FRAME_NONE;
    case IN_CDATA:
        if (c == '>' && f->match >= 2)
            f->place = IN_TEXT;
        f->match = c == ']' ? f->match + 1 : 0;
        return FRAME_NONE;
    case IN_DECLARATION:
        if (c == '>' && f->last == '?')
            f->place = IN_TEXT;
        f->last = c;
        return FRAME_NONE;
    }
    return FRAME_BAD;
}

/* Too long to be kept: only its first tag is. */
static void skip(StanzaFramer *f)
{
    g_string_truncate(f->kept, 0);
    if (f->head > 0 && f->head <= STANZA_FRAMER_MAX_TAG)
        g_string_append_len(f->kept, f->in->str + f->start, (gssize)f->head);
    f->skipping = TRUE;
}

static Frame frame(StanzaFramer *f, FrameType type)
{
    Frame out = { type, f->in->str + f->start, f->at - f->start };
    if (type == FRAME_STANZA && f->skipping)
        out = (Frame){ FRAME_OVERSIZED, f->kept->str, f->kept->len };
    f->start = f->at;
    f->head = 0;
    f->skipping = FALSE;
    return out;
}

Frame stanza_framer_next(StanzaFramer *f)
{
    while (!f->bad && !f->ended && f->at < f->in->len) {
        FrameType type = step(f, f->in->str[f->at++]);
        size_t len = f->at - f->start;
        gboolean inside = f->place != IN_TEXT || f->depth >= 2;
        if (type == FRAME_BAD || (f->depth == 0 && inside && len > STANZA_FRAMER_MAX_TAG))
            f->bad = TRUE;
        else if (type == FRAME_END)
            f->ended = TRUE;
        else if (f->depth > 0 && !f->skipping && type != FRAME_HEADER && (inside || type == FRAME_STANZA) &&
                 len > STANZA_MAX_BYTES)
            skip(f);
        if (!f->bad && type != FRAME_NONE)
            return frame(f, type);
    }
    return (Frame){ f->bad ? FRAME_BAD : f->ended ? FRAME_END : FRAME_NONE, "", 0 };
}
