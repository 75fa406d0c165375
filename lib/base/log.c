/* SPDX-License-Identifier: MIT */
/* The log: formats a line in a buffer of its own, and writes it at once. */
#include "lib/base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/json_text.h"
#include "lib/base/log_file.h"

enum { LINE_MAX_BYTES = 4096, VALUE_MAX_BYTES = 1024, KEY_MAX_BYTES = 64 };

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
};

static const char *program_name = "banter";
static bool as_json;

static const char *const level_names[] = {
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};

void
log_open(const char *program, bool json)
{
	program_name = program;
	as_json = json;
}

static void
line_put(struct line *l, char c)
{
	if (l->len < sizeof l->text - 2)
		l->text[l->len++] = c;
}

static void
line_puts(struct line *l, const char *s)
{
	while (*s)
		line_put(l, *s++);
}

/* Adds a JSON string. key=value lines quote in the same way. */
static void
line_quoted(struct line *l, const char *s)
{
	char escape[JSON_ESCAPE_BYTES];

	line_put(l, '"');
	for (; *s; s++)
		if (json_text_escape(*s, escape))
			line_puts(l, escape);
		else
			line_put(l, *s);
	line_put(l, '"');
}

static bool
is_plain(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == '"' || *s == '\\' || *s == 0x7f)
			return false;
	return true;
}

/* Adds a key and its value. number: the value has no quotes in JSON. */
static void
line_pair(struct line *l, const char *key, const char *value, bool number)
{
	if (as_json) {
		if (l->len > 1)
			line_put(l, ',');
		line_quoted(l, key);
		line_put(l, ':');
		if (number)
			line_puts(l, value);
		else
			line_quoted(l, value);
		return;
	}
	if (l->len > 0)
		line_put(l, ' ');
	line_puts(l, key);
	line_put(l, '=');
	if (is_plain(value))
		line_puts(l, value);
	else
		line_quoted(l, value);
}

static void
line_time(struct line *l)
{
	char text[CLOCK_TEXT_BYTES];

	clock_text(clock_wall_ms(), text);
	line_pair(l, "time", text, false);
}

/*
 * Formats one value by its conversion: s, .*s, c, or an integer or fraction of a usual length.
 * Returns the place behind the conversion.
 */
static const char *
value_format(char *out, size_t size, const char *p, va_list *args)
{
	const char *start = p++;
	char conversion[16];

	while (*p && !strchr("sdiuxfc", *p))
		p++;
	snprintf(conversion, sizeof conversion, "%.*s", (int)(p - start + 1), start);
	bool is_long = strchr(conversion, 'l') || strchr(conversion, 'z');

	/* the attribute of log_line has checked these formats */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (*p == 's' && strchr(conversion, '*')) {
		int limit = va_arg(*args, int);
		snprintf(out, size, conversion, limit, va_arg(*args, const char *));
	} else if (*p == 's') {
		snprintf(out, size, conversion, va_arg(*args, const char *));
	} else if (*p == 'f') {
		snprintf(out, size, conversion, va_arg(*args, double));
	} else if (is_long) {
		snprintf(out, size, conversion, va_arg(*args, long));
	} else {
		snprintf(out, size, conversion, va_arg(*args, int));
	}
#pragma GCC diagnostic pop
	return *p ? p + 1 : p;
}

/*
 * Returns whether a conversion printed a JSON number. x prints hexadecimal, and f may print nan or
 * inf.
 */
static bool
is_number(const char *value, char conversion)
{
	return strchr("diuf", conversion) && value[strspn(value, "-0123456789.")] == '\0';
}

static void
line_pairs(struct line *l, const char *keys, va_list *args)
{
	char key[KEY_MAX_BYTES], value[VALUE_MAX_BYTES];

	while (*keys) {
		const char *equals = strchr(keys, '=');
		assert(equals && equals[1] == '%');
		const char *conversion = equals + 1;
		snprintf(key, sizeof key, "%.*s", (int)(equals - keys), keys);
		keys = value_format(value, sizeof value, conversion, args);
		line_pair(l, key, value, is_number(value, keys[-1]));
		while (*keys == ' ')
			keys++;
	}
}

void
log_line(enum log_level level, const char *subject, const char *keys, ...)
{
	struct line l;
	va_list args;

	l.len = 0;
	if (as_json)
		line_put(&l, '{');
	line_time(&l);
	line_pair(&l, "program", program_name, false);
	line_pair(&l, "level", level_names[level], false);
	line_pair(&l, "event", subject, false);
	va_start(args, keys);
	if (*keys)
		line_pairs(&l, keys, &args);
	va_end(args);
	if (as_json && l.len == sizeof l.text - 2)
		l.len--;
	if (as_json)
		line_put(&l, '}');
	l.text[l.len++] = '\n';
	log_file_look();
	if (write(STDERR_FILENO, l.text, l.len) < 0)
		return; /* there is no other place to report it */
}
