/* SPDX-License-Identifier: MIT */
/* WebSocket frames (RFC 6455, sections 5 and 7): reading what a client sends, writing what we send. No sockets, no allocation while idle. */
#ifndef PUSH_FRAME_H
#define PUSH_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum frame_opcode { FRAME_CONTINUATION = 0, FRAME_TEXT = 1, FRAME_BINARY = 2, FRAME_CLOSE = 8, FRAME_PING = 9, FRAME_PONG = 10 };

enum { FRAME_HEADER_BYTES = 10, FRAME_CONTROL_BYTES = 125, FRAME_CLOSE_SAYS_NOTHING = 1005 };

enum frame_result {
	FRAME_MORE,    /* nothing whole yet: keep the bytes from consumed on and come back with more behind them */
	FRAME_MESSAGE, /* a whole text or binary message (fragments joined), or a whole control frame: see out->opcode */
	FRAME_ERROR,   /* out->close_code says which: 1002 protocol, 1007 not UTF-8, 1009 too large */
};

/* What a connection keeps between calls: the fragments of an unfinished message. All zero at the start; nothing is held while idle. */
struct frame_input {
	uint8_t *fragments;
	uint32_t fragments_len;
	uint8_t fragments_opcode; /* 0: no message is open */
	uint8_t utf8;		  /* how far into a character the text so far ends (utf8.h) */
};

struct frame {
	enum frame_opcode opcode; /* TEXT, BINARY, CLOSE, PING or PONG */
	const uint8_t *payload;	  /* in data or in the fragments; good until the next call. CLOSE: the reason, without the code */
	size_t len;
	uint16_t close_code; /* CLOSE: what the peer said (1005 when nothing); FRAME_ERROR: what to say */
	uint32_t used;	     /* whole frames that this call has used up, fragments too, whatever it returns: for limits on their rate */
};

/*
 * Reads one message or control frame of a client from data[0 … n); unmasks in place. consumed: how many bytes are done with (also for
 * FRAME_MORE, when a fragment was taken in). limit: bytes of a whole message; a frame header that announces more is refused at once,
 * without waiting for the payload. Strict: unmasked frames, reserved bits or opcodes, non-minimal lengths, fragmented or long control
 * frames, bad close payloads, and text that is not UTF-8 are errors. FRAME_MORE means that no whole frame is left in data: ask again only
 * with more of it. After an error the stream is not to be read any further.
 *
 * Joined fragments are freed by the next call. Who stops asking after a FRAME_MESSAGE, because data is used up, may free them with
 * frame_input_free: it forgets an open message too, so only when fragments_opcode is 0.
 */
enum frame_result frame_read(struct frame_input *in, uint8_t *data, size_t n, size_t limit, struct frame *out, size_t *consumed);

/* Frees what an unfinished message holds. */
void frame_input_free(struct frame_input *in);

/* Writes the header of an unmasked final frame to out; returns its length (2, 4 or 10). */
size_t frame_header(enum frame_opcode opcode, uint64_t payload_len, uint8_t out[FRAME_HEADER_BYTES]);

/* What a close frame with that code holds; the answer to one holds the peer's own code (5.5.1). Returns its length, 0 for 1005, which says nothing. */
size_t frame_close_payload(uint16_t code, uint8_t out[2]);

/* Is a close code one that a peer may send (RFC 6455, 7.4)? */
int frame_close_code_is_valid(unsigned code);
#endif
