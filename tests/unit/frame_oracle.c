/* SPDX-License-Identifier: MIT */
/*
 * Frames against wslay, an independent implementation. Each side reads the frames of the other, and
 * both agree on noise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <wslay/wslay.h>

#include "push/wire/utf8.h"

#include "transcript.h"

enum { LIMIT = 70000, STREAM_BYTES = 1 << 20, STREAMS = 1000 };

static uint64_t seed;

/* A stream as wslay writes it to memory. */
struct stream {
	uint8_t *bytes;
	size_t len, close_at; /* offset of the last frame */
};

static ssize_t
stream_write(const uint8_t *data, size_t len, int flags, void *user)
{
	struct stream *s = user;

	(void)flags;
	assert_true(s->len + len <= STREAM_BYTES);
	memcpy(s->bytes + s->len, data, len);
	s->len += len;
	return (ssize_t)len;
}

static int
stream_mask(uint8_t *buf, size_t len, void *user)
{
	(void)user;
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)chance(&seed);
	return 0;
}

static void
stream_frame(struct stream *s, uint8_t fin, uint8_t opcode, const uint8_t *payload, size_t n)
{
	const struct wslay_frame_callbacks callbacks = { .send_callback = stream_write, .genmask_callback = stream_mask };
	struct wslay_frame_iocb frame = { .fin = fin, .opcode = opcode, .payload_length = n, .mask = 1, .data = payload, .data_length = n };
	wslay_frame_context_ptr context;

	assert_int_equal(wslay_frame_context_init(&context, &callbacks, s), 0);
	assert_int_equal(wslay_frame_send(context, &frame), n);
	wslay_frame_context_free(context);
}

/* A stream that wslay reads, in the words of our transcript. */
struct reading {
	const uint8_t *bytes;
	size_t len, at, close_at;
	FILE *file;
	/* bytes that wslay sends: a pong, or a close with the code of an error */
	uint8_t said[256];
	size_t said_len;
};

static ssize_t
reading_recv(wslay_event_context_ptr context, uint8_t *buf, size_t len, int flags, void *user)
{
	struct reading *r = user;
	size_t end = r->at < r->close_at ? r->close_at : r->len;
	size_t n = end - r->at < len ? end - r->at : len;

	(void)flags;
	if (n == 0) {
		wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(buf, r->bytes + r->at, n);
	r->at += n;
	return (ssize_t)n;
}

static ssize_t
reading_send(wslay_event_context_ptr context, const uint8_t *data, size_t len, int flags, void *user)
{
	struct reading *r = user;

	(void)context;
	(void)flags;
	for (size_t i = 0; i < len; i++)
		if (r->said_len < sizeof r->said)
			r->said[r->said_len++] = data[i];
	return (ssize_t)len;
}

static void
reading_message(wslay_event_context_ptr context, const struct wslay_event_on_msg_recv_arg *arg, void *user)
{
	struct reading *r = user;
	bool close = arg->opcode == WSLAY_CONNECTION_CLOSE;
	size_t skip = close && arg->msg_length >= 2 ? 2 : 0;

	(void)context;
	if (close && arg->msg_length == 1)
		fputs("error 1002\n", r->file);
	else if (close && utf8_next(UTF8_WHOLE, arg->msg + skip, arg->msg_length - skip) != UTF8_WHOLE)
		fputs("error 1007\n", r->file);
	else
		transcript_line(r->file, arg->opcode, close ? (skip ? arg->status_code : 1005) : 0, arg->msg + skip, arg->msg_length - skip);
}

/*
 * Returns wslay's transcript of the bytes. server: they come from a client. close_at: wslay reads
 * up to there first, because it takes the reason of a close in two reads for bad UTF-8. waiting: it
 * reached the end and needs more.
 */
static char *
reading_of(const uint8_t *bytes, size_t n, size_t close_at, bool server, size_t *text_len, bool *waiting)
{
	const struct wslay_event_callbacks callbacks = { .recv_callback = reading_recv,
							 .send_callback = reading_send,
							 .on_msg_recv_callback = reading_message };
	struct reading r = { .bytes = bytes, .len = n, .close_at = close_at };
	wslay_event_context_ptr context;
	char *text;

	r.file = open_memstream(&text, text_len);
	assert_int_equal((server ? wslay_event_context_server_init : wslay_event_context_client_init)(&context, &callbacks, &r), 0);
	wslay_event_config_set_max_recv_msg_length(context, LIMIT);
	int result = wslay_event_recv(context);
	*waiting = wslay_event_want_read(context);
	if (result == WSLAY_ERR_CALLBACK_FAILURE) {
		fputs("error 1002\n", r.file); /* wslay refuses an impossible header like this */
	} else if (!wslay_event_get_close_received(context) && !*waiting) {
		assert_int_equal(wslay_event_send(context), 0);
		fprintf(r.file, "error %u\n", wslay_event_get_status_code_sent(context));
	}
	wslay_event_context_free(context);
	fclose(r.file);
	return text;
}

/* Fills a payload with ASCII, characters of several bytes, or noise. Returns its length. */
static size_t
payload_fill(uint8_t *payload, size_t most)
{
	static const char *const words[] = { "hello ", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf" };
	size_t n = 0, want = chance_below(&seed, 8) ? chance_below(&seed, 300) : chance_below(&seed, most);
	bool noise = chance_below(&seed, 40) == 0;

	while (n + 8 < want) {
		const char *word = words[chance_below(&seed, 4) ? 0 : chance_below(&seed, sizeof words / sizeof words[0])];
		memcpy(payload + n, word, strlen(word));
		n += strlen(word);
		if (noise && chance_below(&seed, 30) == 0)
			payload[n++] = (uint8_t)chance(&seed);
	}
	return n;
}

/*
 * Fills a stream with a few messages, in fragments or not. Control frames stand between them, and a
 * close at the end.
 */
static void
stream_fill(struct stream *s)
{
	static const uint16_t codes[] = { 1000, 1001, 1011, 3000, 4001, 4999, 999, 1005, 1006, 1015, 2000, 5000 };
	static uint8_t payload[LIMIT * 2];
	uint16_t code = codes[chance_below(&seed, 20) ? chance_below(&seed, 6) : chance_below(&seed, 12)];

	s->len = 0;
	for (size_t messages = chance_below(&seed, 5); messages > 0; messages--) {
		size_t n = payload_fill(payload, chance_below(&seed, 10) ? LIMIT : LIMIT * 3 / 2), at = 0;
		uint8_t opcode = (uint8_t)(1 + chance_below(&seed, 2));

		do {
			size_t part = chance_below(&seed, 2) ? n - at : chance_below(&seed, n - at + 1);
			bool last = at + part == n && chance_below(&seed, 4);

			stream_frame(s, last, opcode, payload + at, part);
			opcode = 0;
			at += part;
			while (chance_below(&seed, 4) == 0)
				stream_frame(s, 1, (uint8_t)(9 + chance_below(&seed, 2)), payload, chance_below(&seed, 126));
			if (last)
				break;
		} while (true);
	}
	payload[0] = (uint8_t)(code >> 8);
	payload[1] = (uint8_t)code;
	s->close_at = s->len;
	stream_frame(s, 1, 8, payload, chance_below(&seed, 5) ? 2 + chance_below(&seed, 20) : chance_below(&seed, 3));
}

/* Cuts off the error at the end of a transcript and returns its code, or 0 without one. */
static unsigned
error_take(char *text, size_t *len)
{
	const size_t line = strlen("error 1002\n");
	unsigned code;

	if (*len < line || sscanf(text + *len - line, "error %u\n", &code) != 1)
		return 0;
	*len -= line;
	return code;
}

/*
 * Returns whether both sides refuse, or both accept. Some differences are expected:
 * - wslay checks a text byte by byte, we when its frame is complete. So wslay may have refused a
 *   frame that we wait for.
 * - We refuse a header at its first wrong byte, wslay reads all of it. So wslay may wait for a
 *   header that we have refused.
 * - A close with a wrong code and a wrong reason is 1002 to us, 1007 to wslay.
 * - wslay does not know the codes 1012, 1013 and 1014, which were assigned later.
 * wslay also accepts a close of one byte, or with a reason that ends inside a character
 * (reading_message).
 */
static bool
errors_agree(unsigned ours, unsigned theirs, bool theirs_waits)
{
	if (ours == 0)
		return theirs == 0 || theirs == 1007;
	if (theirs == 0)
		return theirs_waits && ours != 1007;
	return ours == theirs || (ours == 1002 && theirs == 1007);
}

static bool
close_is_new(const char *line)
{
	unsigned code;

	return sscanf(line, "close %u:", &code) == 1 && code >= 1012 && code <= 1014;
}

static void
expect_agreement(const uint8_t *bytes, size_t n, size_t close_at)
{
	size_t ours_len, theirs_len, largest = chance_below(&seed, 2) ? 0 : 1 + chance_below(&seed, 2 * n + 1), same = 0;
	bool waiting;
	char *ours = transcript_of(bytes, n, LIMIT, largest, &seed, &ours_len);
	char *theirs = reading_of(bytes, n, close_at, true, &theirs_len, &waiting);
	unsigned our_error = error_take(ours, &ours_len), their_error = error_take(theirs, &theirs_len);

	while (same < ours_len && same < theirs_len && ours[same] == theirs[same])
		same++;
	if (their_error == 1002 && same == theirs_len && close_is_new(ours + same))
		ours_len = same, our_error = 1002;
	if (same < ours_len || same < theirs_len || !errors_agree(our_error, their_error, waiting)) {
		for (size_t i = 0; i < n && i < 400; i++)
			printf("%s%02x", i % 32 ? " " : "\n# ", bytes[i]);
		fail_msg("%zu bytes; the first %zu of %zu and %zu bytes of transcript agree; then %u and %u", n, same, ours_len, theirs_len,
			 our_error, their_error);
	}
	free(ours);
	free(theirs);
}

static void
test_what_wslay_writes(void **state)
{
	struct stream s = { .bytes = malloc(STREAM_BYTES) };

	(void)state;
	for (int i = 0; i < STREAMS; i++) {
		stream_fill(&s);
		expect_agreement(s.bytes, s.len, s.close_at);
	}
	free(s.bytes);
}

/* Checks streams with a few flipped bits, most of them near the start, where the headers are. */
static void
test_noise(void **state)
{
	struct stream s = { .bytes = malloc(STREAM_BYTES) };

	(void)state;
	for (int i = 0; i < STREAMS; i++) {
		stream_fill(&s);
		for (size_t flips = 1 + chance_below(&seed, 4); flips > 0; flips--)
			s.bytes[chance_below(&seed, chance_below(&seed, 2) && s.len > 40 ? 40 : s.len)] ^= (uint8_t)(1 << chance_below(&seed, 8));
		expect_agreement(s.bytes, s.len, s.close_at);
	}
	free(s.bytes);
}

/* Checks streams of a few random bytes, with likely first ones. */
static void
test_short_noise(void **state)
{
	static const uint8_t likely[] = { 0x81, 0x01, 0x80, 0x00, 0x88, 0x89, 0x82, 0xfe, 0xff, 0xfd, 0x82, 0x86 };
	uint8_t bytes[64];

	(void)state;
	for (int i = 0; i < 100 * STREAMS; i++) {
		size_t n = chance_below(&seed, sizeof bytes);

		for (size_t j = 0; j < n; j++)
			bytes[j] = chance_below(&seed, 2) ? likely[chance_below(&seed, sizeof likely)]
							  : (uint8_t)chance_below(&seed, chance_below(&seed, 2) ? 4 : 256);
		expect_agreement(bytes, n, 0);
	}
}

static void
test_what_we_write(void **state)
{
	static const size_t lengths[] = { 0, 1, 125, 126, 127, 1000, 65535, 65536, LIMIT };
	static uint8_t bytes[LIMIT + FRAME_HEADER_BYTES];
	size_t text_len;
	bool waiting;

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		size_t n = lengths[i], header = frame_header(FRAME_TEXT, n, bytes);

		memset(bytes + header, 'x', n);
		char *text = reading_of(bytes, header + n, 0, false, &text_len, &waiting);
		assert_true(waiting);
		assert_int_equal(text_len, n + 6);
		assert_memory_equal(text, "text:", 5);
		assert_memory_equal(text + 5, bytes + header, n);
		free(text);
	}
	for (int opcode = FRAME_PING; opcode <= FRAME_PONG; opcode++) {
		size_t header = frame_header(opcode, 3, bytes);
		memcpy(bytes + header, "hey", 3);
		char *text = reading_of(bytes, header + 3, 0, false, &text_len, &waiting);
		assert_string_equal(text, opcode == FRAME_PING ? "ping:hey\n" : "pong:hey\n");
		free(text);
	}
	size_t header = frame_header(FRAME_CLOSE, 5, bytes);
	memcpy(bytes + header,
	       "\x0f\xa1"
	       "bye",
	       5);
	char *text = reading_of(bytes, header + 5, 0, false, &text_len, &waiting);
	assert_string_equal(text, "close 4001:bye\n");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_wslay_writes),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_short_noise),
		cmocka_unit_test(test_what_we_write),
	};

	seed = chance_seed();
	return cmocka_run_group_tests_name("frame_oracle", tests, NULL, NULL);
}
