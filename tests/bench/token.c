/* SPDX-License-Identifier: MIT */
/* Prints access tokens (HS256) for the users FIRST+1 … FIRST+COUNT, one a line, good for an hour: token KEYFILE FIRST COUNT DEVICES. */
#include "access.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	char token[ACCESS_BYTES];

	if (argc != 5) {
		fprintf(stderr, "usage: token KEYFILE FIRST COUNT DEVICES\n");
		return 64;
	}
	access_open(argv[1]);
	long first = atol(argv[2]), count = atol(argv[3]), devices = atol(argv[4]);
	for (long user = first + 1; user <= first + count; user++) {
		access_token(user, devices + user, token);
		puts(token);
	}
	return 0;
}
