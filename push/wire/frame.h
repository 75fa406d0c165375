/* SPDX-License-Identifier: MIT */
/*
 * WebSocket frames (RFC 6455, sections 5 and 7): reads those of a client, writes those of the
 * server. Uses no sockets, and no memory while a connection is idle.
 */
#ifndef PUSH_FRAME_H
#define PUSH_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum frame_opcode { FRAME_CONTINUATION = 0, FRAME_TEXT = 1, FRAME_BINARY = 2, FRAME_CLOSE = 8, FRAME_PING = 9, FRAME_PONG = 10 };

enum { FRAME_HEADER_BYTES = 10, FRAME_CONTROL_BYTES = 125, FRAME_CLOSE_SAYS_NOTHING = 1005 };

enum frame_result {
	/* nothing complete: call again with the bytes from consumed on and more behind them */
	FRAME_MORE,
	/*
	 * a text or binary message with its fragments joined, or a control frame: see out->opcode
	 */
	FRAME_MESSAGE,
	/* out->close_code is 1002 for protocol, 1007 for not UTF-8, 1009 for too large */
	FRAME_ERROR,
};

/*
 * State of a connection between calls: the fragments of an unfinished message. All zero at the
 * start. An idle connection holds no memory.
 */
struct frame_input {
	uint8_t *fragments;
	uint32_t fragments_len;
	uint8_t fragments_opcode; /* 0: no message is open */
	uint8_t utf8;		  /* decoder state at the end of the text so far (utf8.h) */
};

struct frame {
	enum frame_opcode opcode; /* TEXT, BINARY, CLOSE, PING or PONG */
	/*
	 * in data or in the fragments, valid until the next call; CLOSE: the reason without the
	 * code
	 */
	const uint8_t *payload;
	size_t len;
	/* CLOSE: the peer's code, or 1005 without one; FRAME_ERROR: the code to send */
	uint16_t close_code;
	/* frames that this call has consumed, with fragments, for limits on their rate */
	uint32_t used;
};

/*
 * Reads one message or control frame of a client from data[0 … n), and unmasks it in place.
 *
 * consumed is the number of bytes that were used, also for FRAME_MORE when a fragment was kept.
 * limit is the greatest length of a whole message. A header that announces more is refused before
 * its payload arrives.
 *
 * Errors are unmasked frames, reserved bits or opcodes, non-minimal lengths, and bad close
 * payloads. Fragmented or long control frames are errors too, and text that is not UTF-8.
 *
 * FRAME_MORE means that data holds no further complete frame: call again only with more bytes.
 * After an error nothing more may be read.
 *
 * The next call frees joined fragments. A caller that stops after FRAME_MESSAGE, because data is
 * used up, may call frame_input_free. That drops an open message too, so it is allowed only while
 * fragments_opcode is 0.
 */
enum frame_result frame_read(struct frame_input *in, uint8_t *data, size_t n, size_t limit, struct frame *out, size_t *consumed);

/* Frees the memory of an unfinished message. */
void frame_input_free(struct frame_input *in);

/* Writes the header of an unmasked final frame to out. Returns its length: 2, 4 or 10. */
size_t frame_header(enum frame_opcode opcode, uint64_t payload_len, uint8_t out[FRAME_HEADER_BYTES]);

/*
 * Writes the payload of a close frame with this code. An answer carries the peer's own code
 * (5.5.1). Returns the length: 0 for 1005, which has no payload.
 */
size_t frame_close_payload(uint16_t code, uint8_t out[2]);

/* Returns whether a peer may send this close code (RFC 6455, 7.4). */
int frame_close_code_is_valid(unsigned code);
#endif
