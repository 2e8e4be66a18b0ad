//  SPDX-License-Identifier: GPL-2.0-or-later
//  limits - how large an answer may be on the wire; both sides hold to it.
#ifndef QUERY_LIMITS_H
#define QUERY_LIMITS_H

#define ANSWER_MAX_BYTES      (32u << 20) //  All parts of one answer
#define ANSWER_MAX_PARTIALS   8192        //  Parts of an answer in partials; 17 KiB each in memory
#define ANSWER_MAX_HISTOGRAMS 8192 //  Cells of a table that are histograms; 4 KiB each in memory

#endif
