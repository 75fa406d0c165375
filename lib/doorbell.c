/* SPDX-License-Identifier: MIT */
/* The parser of Redis notifications. */
#include "doorbell.h"

#include <string.h>

#include "id.h"

/* The unread rest of a payload. */
struct reader {
	const char *at, *end;
};

static bool
read_number(struct reader *r, int64_t *out)
{
	const char *start = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	if (r->at - start == 1 && *start == '0') {
		*out = 0;
		return true;
	}
	return id_parse(start, (size_t)(r->at - start), out);
}

static bool
read_byte(struct reader *r, char want)
{
	if (r->at >= r->end || *r->at != want)
		return false;
	r->at++;
	return true;
}

static bool
read_field(struct reader *r, int64_t *out)
{
	return read_byte(r, ' ') && read_number(r, out);
}

static bool
read_gone(struct reader *r, int64_t *out)
{
	if (!read_byte(r, ' '))
		return false;
	if (read_byte(r, '*')) {
		*out = DOORBELL_GONE_ALL;
		return true;
	}
	return read_number(r, out);
}

static bool
read_json(struct reader *r, struct doorbell *out)
{
	out->json = r->at;
	out->json_len = (size_t)(r->end - r->at);
	return out->json_len >= 2 && out->json[0] == '{' && r->end[-1] == '}';
}

bool
doorbell_channel_parse(const char *text, size_t n, const char *prefix, struct doorbell_channel *out)
{
	size_t skip = strlen(prefix);

	if (n < skip + 3 || memcmp(text, prefix, skip) != 0 || text[skip + 1] != ':' || !memchr("cup", text[skip], 3))
		return false;
	out->kind = text[skip];
	return id_parse(text + skip + 2, n - skip - 2, &out->id);
}

bool
doorbell_parse(const char *text, size_t n, struct doorbell *out)
{
	struct reader r = { text, text + n };

	if (n == 0)
		return false;
	memset(out, 0, sizeof *out);
	out->kind = (enum doorbell_kind) * r.at++;
	switch (out->kind) {
	case DOORBELL_EVENT:
		return read_field(&r, &out->id) && read_field(&r, &out->seq) && read_gone(&r, &out->gone) && read_byte(&r, '\n') &&
		       read_json(&r, out);
	case DOORBELL_RECEIPT:
		return read_field(&r, &out->id) && read_field(&r, &out->delivered) && read_field(&r, &out->read) && r.at == r.end;
	case DOORBELL_COUNTS:
		return r.at == r.end;
	case DOORBELL_TYPING:
	case DOORBELL_JOINED:
	case DOORBELL_REVOKED:
	case DOORBELL_WATCH:
		return read_field(&r, &out->id) && r.at == r.end;
	case DOORBELL_NOTICE:
		return read_field(&r, &out->id) && read_field(&r, &out->read) && read_byte(&r, ' ') && read_json(&r, out);
	case DOORBELL_PRESENCE:
		r.at = text;
		return read_json(&r, out);
	}
	return false;
}
