/* SPDX-License-Identifier: MIT */
/* The decoder of percent-encoded text. */
#include "lib/base/percent.h"

#include <string.h>

static int
hexadecimal(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit ? strchr(digits, digit >= 'A' && digit <= 'F' ? digit + 32 : digit) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool
percent_decode(const char *text, size_t n, bool plus, char *out, size_t room)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		char byte = plus && text[i] == '+' ? ' ' : text[i];
		if (byte == '%') {
			int high = i + 2 < n ? hexadecimal(text[i + 1]) : -1;
			int low = high >= 0 ? hexadecimal(text[i + 2]) : -1;
			if (low < 0)
				return false;
			byte = (char)(high << 4 | low);
			i += 2;
		}
		if (!byte || len + 1 >= room)
			return false;
		out[len++] = byte;
	}
	if (room == 0)
		return false;
	out[len] = '\0';
	return true;
}
