/* SPDX-License-Identifier: MIT */
/* The parser of Redis notifications. */
#include "lib/chat/notification.h"

#include <string.h>

#include "lib/base/id.h"

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
read_removed_user(struct reader *r, int64_t *out)
{
	if (!read_byte(r, ' '))
		return false;
	if (read_byte(r, '*')) {
		*out = NOTIFICATION_REMOVES_ALL;
		return true;
	}
	return read_number(r, out);
}

static bool
read_json(struct reader *r, struct notification *out)
{
	out->json = r->at;
	out->json_len = (size_t)(r->end - r->at);
	return out->json_len >= 2 && out->json[0] == '{' && r->end[-1] == '}';
}

bool
notification_channel_parse(const char *text, size_t n, const char *prefix, struct notification_channel *out)
{
	size_t skip = strlen(prefix);

	if (n < skip + 3 || memcmp(text, prefix, skip) != 0 || text[skip + 1] != ':' || !memchr("cup", text[skip], 3))
		return false;
	out->kind = text[skip];
	return id_parse(text + skip + 2, n - skip - 2, &out->id);
}

bool
notification_parse(const char *text, size_t n, struct notification *out)
{
	struct reader r = { text, text + n };

	if (n == 0)
		return false;
	memset(out, 0, sizeof *out);
	out->kind = (enum notification_kind) * r.at++;
	switch (out->kind) {
	case NOTIFICATION_EVENT:
		return read_field(&r, &out->id) && read_field(&r, &out->seq) && read_removed_user(&r, &out->removed_user) && read_byte(&r, '\n') &&
		       read_json(&r, out);
	case NOTIFICATION_RECEIPT:
		return read_field(&r, &out->id) && read_field(&r, &out->delivered) && read_field(&r, &out->read) && r.at == r.end;
	case NOTIFICATION_COUNTS:
		return r.at == r.end;
	case NOTIFICATION_TYPING:
	case NOTIFICATION_JOINED:
	case NOTIFICATION_REVOKED:
	case NOTIFICATION_WATCH:
		return read_field(&r, &out->id) && r.at == r.end;
	case NOTIFICATION_NOTICE:
		return read_field(&r, &out->id) && read_field(&r, &out->read) && read_byte(&r, ' ') && read_json(&r, out);
	case NOTIFICATION_PRESENCE:
		r.at = text;
		return read_json(&r, out);
	}
	return false;
}
