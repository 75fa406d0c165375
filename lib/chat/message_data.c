/* SPDX-License-Identifier: MIT */
/* The size of a message's data in PostgreSQL's spelling. */
#include "lib/chat/message_data.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/json_text.h"
#include "lib/base/limits.h"

/* A walk over data: its size so far, and whether it has a part that the database refuses. */
struct walk {
	const char *at, *end;
	size_t size;
	int depth;
	bool too_deep, bad_number, nul;
};

static unsigned
hex_digit(char digit)
{
	return (unsigned)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

/* Returns the bytes of a character inside a string of jsonb's output. */
static size_t
character_size(unsigned code)
{
	if (code == '"' || code == '\\')
		return 2;
	if (code < 0x20)
		return strchr("\b\f\n\r\t", (int)code) ? 2 : 6;
	return code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
}

/* Counts an escape, from its backslash on. Each half of a surrogate pair counts two bytes. */
static void
walk_escape(struct walk *w)
{
	static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char letter = w->at[1];

	if (letter != 'u') {
		w->size += character_size((unsigned char)meant[strchr(plain, letter) - plain]);
		w->at += 2;
		return;
	}
	unsigned code = hex_digit(w->at[2]) << 12 | hex_digit(w->at[3]) << 8 | hex_digit(w->at[4]) << 4 | hex_digit(w->at[5]);
	w->nul |= code == 0;
	w->size += code ? code >= 0xd800 && code <= 0xdfff ? 2 : character_size(code) : 0;
	w->at += 6;
}

static void
walk_string(struct walk *w)
{
	w->size += 2;
	for (w->at++; *w->at != '"';) {
		if (*w->at == '\\') {
			walk_escape(w);
			continue;
		}
		w->size++;
		w->at++;
	}
	w->at++;
}

static long
digits_skip(struct walk *w)
{
	const char *from = w->at;

	while (w->at < w->end && *w->at >= '0' && *w->at <= '9')
		w->at++;
	return w->at - from;
}

/* Returns the exponent of a number, or 0 without one. Notes an exponent of too many digits. */
static long
walk_exponent(struct walk *w)
{
	long value = 0;
	bool negative;

	if (w->at == w->end || (*w->at | 0x20) != 'e')
		return 0;
	w->at++;
	negative = *w->at == '-';
	w->at += *w->at == '-' || *w->at == '+';
	const char *from = w->at;
	long n = digits_skip(w);
	w->bad_number |= n > LIMIT_EXPONENT_DIGITS;
	for (long i = 0; i < n && i < LIMIT_EXPONENT_DIGITS; i++)
		value = value * 10 + (from[i] - '0');
	return negative ? -value : value;
}

/*
 * Counts a number with its exponent spelled out: the digits before the point, at least one, and
 * those behind it.
 */
static void
walk_number(struct walk *w)
{
	const char *start = w->at;
	bool negative = *w->at == '-';

	w->at += negative;
	const char *mantissa = w->at;
	long whole = digits_skip(w), fraction = 0, zeros = 0;
	if (w->at < w->end && *w->at == '.') {
		w->at++;
		fraction = digits_skip(w);
	}
	const char *mantissa_end = w->at;
	for (const char *at = mantissa; at < mantissa_end && (*at == '0' || *at == '.'); at++)
		zeros += *at == '0';
	long exponent = walk_exponent(w);
	bool zero = zeros == whole + fraction;
	long before = zero ? 0 : whole + exponent - zeros, behind = fraction - exponent;

	w->bad_number |= w->at - start > LIMIT_NUMBER_BYTES;
	w->size += (size_t)((negative && !zero) + (before > 1 ? before : 1) + (behind > 0 ? 1 + behind : 0));
}

static void
walk_all(struct walk *w)
{
	while ((w->at = json_text_skip_blanks(w->at, w->end)) < w->end) {
		char first = *w->at;

		if (first == '"') {
			walk_string(w);
			continue;
		}
		if (first == '-' || (first >= '0' && first <= '9')) {
			walk_number(w);
			continue;
		}
		w->depth += (first == '{' || first == '[') - (first == '}' || first == ']');
		w->too_deep |= w->depth > LIMIT_DATA_DEPTH;
		w->size++;
		w->at++;
	}
}

static_assert(LIMIT_DATA_DEPTH == 64 && LIMIT_NUMBER_BYTES == 64 && LIMIT_EXPONENT_DIGITS == 3 && LIMIT_DATA_BYTES == 16384, "the words below");

const char *
message_data_refusal(const char *text, size_t n)
{
	struct walk w = { .at = text, .end = text + n };

	walk_all(&w);
	if (w.nul)
		return "a text has a NUL";
	if (w.bad_number)
		return "a number has more than 64 characters or an exponent of more than 3 digits";
	if (w.too_deep)
		return "nested deeper than 64";
	if (w.size > LIMIT_DATA_BYTES)
		return "an object of up to 16384 bytes, with its numbers spelled out";
	return NULL;
}

size_t
message_data_size(const char *text, size_t n)
{
	struct walk w = { .at = text, .end = text + n };

	walk_all(&w);
	return w.size;
}
