/* SPDX-License-Identifier: MIT */
/* The events of the frame reader for a stream of bytes, as text, however the bytes are cut. */
#ifndef TESTS_TRANSCRIPT_H
#define TESTS_TRANSCRIPT_H

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "push/wire/frame.h"

#include "chance.h"

/* A transcript under way. Each chunk has memory of its size, so a byte read too far is seen. */
struct transcript {
	FILE *file;
	char *text;
	size_t text_len;
	struct frame_input input;
	size_t limit;
	uint8_t *left; /* not consumed yet */
	size_t left_len;
	bool ended; /* by an error or a close: no more is read */
};

static inline void
transcript_open(struct transcript *t, size_t limit)
{
	*t = (struct transcript){ .limit = limit };
	t->file = open_memstream(&t->text, &t->text_len);
	assert(t->file);
}

static inline void
transcript_line(FILE *file, unsigned opcode, unsigned close_code, const uint8_t *payload, size_t len)
{
	static const char *const names[] = {
		[FRAME_TEXT] = "text", [FRAME_BINARY] = "binary", [FRAME_CLOSE] = "close", [FRAME_PING] = "ping", [FRAME_PONG] = "pong"
	};

	fputs(names[opcode], file);
	if (close_code)
		fprintf(file, " %u", close_code);
	fputc(':', file);
	if (len)
		fwrite(payload, 1, len, file);
	fputc('\n', file);
}

static inline void
transcript_feed(struct transcript *t, const uint8_t *bytes, size_t n)
{
	uint8_t *data = malloc(t->left_len + n);
	size_t all = t->left_len + n, at = 0, consumed;
	enum frame_result result;
	struct frame frame;

	if (t->left_len)
		memcpy(data, t->left, t->left_len);
	if (n)
		memcpy(data + t->left_len, bytes, n);
	free(t->left);
	t->left = NULL;
	t->left_len = 0;
	while (!t->ended) {
		result = frame_read(&t->input, data + at, all - at, t->limit, &frame, &consumed);
		assert(consumed <= all - at);
		at += consumed;
		if (result == FRAME_ERROR) {
			fprintf(t->file, "error %u\n", frame.close_code);
			t->ended = true;
		} else if (result == FRAME_MESSAGE) {
			assert(consumed > 0);
			transcript_line(t->file, frame.opcode, frame.close_code, frame.payload, frame.len);
			t->ended = frame.opcode == FRAME_CLOSE;
		} else {
			t->left_len = all - at;
			t->left = malloc(t->left_len);
			if (t->left_len)
				memcpy(t->left, data + at, t->left_len);
			break;
		}
	}
	free(data);
}

/* Ends it. Returns its text, which the caller frees, with a NUL behind text_len bytes. */
static inline char *
transcript_close(struct transcript *t)
{
	fclose(t->file);
	free(t->left);
	frame_input_free(&t->input);
	return t->text;
}

/* Returns the transcript of bytes that come in random chunks of 1 … largest; in one for 0. */
static inline char *
transcript_of(const uint8_t *bytes, size_t n, size_t limit, size_t largest, uint64_t *seed, size_t *text_len)
{
	struct transcript t;
	size_t at = 0;

	transcript_open(&t, limit);
	do {
		size_t chunk = largest ? 1 + chance_below(seed, largest) : n;
		if (chunk > n - at)
			chunk = n - at;
		transcript_feed(&t, bytes + at, chunk);
		at += chunk;
	} while (at < n && !t.ended);
	char *text = transcript_close(&t);
	*text_len = t.text_len;
	return text;
}

#endif
