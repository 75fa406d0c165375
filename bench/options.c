/* SPDX-License-Identifier: MIT */
/* Looks arguments up. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64 };

static char **arguments;
static const char *prefix = ""; /* and a dot */

void
options_read(int argc, char **argv, const char *usage)
{
	for (int i = 1; i < argc; i++) {
		if (!strchr(argv[i], '=')) {
			fprintf(stderr, "usage: %s %s\n", argv[0], usage);
			exit(64);
		}
	}
	arguments = argv + 1;
}

void
options_of(const char *whose)
{
	prefix = whose;
}

/* The value of an argument "name=value", or NULL. */
static const char *
argument_find(const char *name)
{
	size_t n = strlen(name);

	for (char **a = arguments; *a; a++)
		if (strncmp(*a, name, n) == 0 && (*a)[n] == '=')
			return *a + n + 1;
	return NULL;
}

const char *
option_text(const char *name, const char *fallback)
{
	char own[NAME_BYTES];
	const char *text = NULL;

	if (*prefix && snprintf(own, sizeof own, "%s.%s", prefix, name) < NAME_BYTES)
		text = argument_find(own);
	if (!text)
		text = argument_find(name);
	return text ? text : fallback;
}

long
option_number(const char *name, long fallback)
{
	const char *text = option_text(name, NULL);

	return text ? atol(text) : fallback;
}
