/* SPDX-License-Identifier: MIT */
/* Signs access tokens. */
#include "access.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { URL64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

static unsigned char key[32];

void
access_open(const char *path)
{
	char text[65];
	size_t n = 0;
	FILE *f = fopen(path, "r");

	if (!f || sodium_init() < 0 || fread(text, 1, 64, f) != 64 || sodium_hex2bin(key, sizeof key, text, 64, NULL, &n, NULL) != 0) {
		fprintf(stderr, "no key in %s\n", path);
		exit(1);
	}
	fclose(f);
}

void
access_token(long user, long device, char out[ACCESS_BYTES])
{
	static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	char claims[256];
	long now = (long)time(NULL);

	int n = snprintf(claims, sizeof claims,
			 "{\"iss\":\"banter\",\"aud\":\"banter\",\"sub\":\"%ld\",\"did\":\"%ld\",\"jti\":\"bench%ld\",\"iat\":%ld,\"exp\":%ld}", user,
			 device, device, now - 1, now + 3600);
	sodium_bin2base64(out, ACCESS_BYTES, (const unsigned char *)header, sizeof header - 1, URL64);
	strcat(out, ".");
	sodium_bin2base64(out + strlen(out), ACCESS_BYTES - strlen(out), (const unsigned char *)claims, (size_t)n, URL64);
	crypto_auth_hmacsha256_init(&state, key, sizeof key);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)out, strlen(out));
	crypto_auth_hmacsha256_final(&state, mac);
	strcat(out, ".");
	sodium_bin2base64(out + strlen(out), ACCESS_BYTES - strlen(out), mac, sizeof mac, URL64);
}
