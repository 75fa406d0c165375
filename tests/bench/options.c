/* SPDX-License-Identifier: MIT */
/* Looks arguments up. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **arguments;

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

const char *
option_text(const char *name, const char *fallback)
{
	size_t n = strlen(name);

	for (char **a = arguments; *a; a++)
		if (strncmp(*a, name, n) == 0 && (*a)[n] == '=')
			return *a + n + 1;
	return fallback;
}

long
option_number(const char *name, long fallback)
{
	const char *text = option_text(name, NULL);

	return text ? atol(text) : fallback;
}
