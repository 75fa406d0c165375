/* SPDX-License-Identifier: MIT */
/* banter-api: the REST program of Banter. */
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "api/routes.h"
#include "api/supervisor.h"
#include "api/worker.h"
#include "lib/auth/device_token.h"
#include "lib/auth/token.h"
#include "lib/base/log.h"
#include "lib/base/log_file.h"
#include "lib/base/settings.h"
#include "lib/chat/errors.h"
#include "lib/links/database.h"
#include "lib/links/redis_link.h"
#include "lib/process/private.h"
#include "lib/process/worker.h"

static const char about[] = "banter-api: answers Banter's REST API over FastCGI";
static const char *const flags[] = { "--routes", "--errors", WORKER_FLAG, NULL };

static bool
asked_for(int argc, char **argv, const char *flag)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], flag) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	private_memory();
	settings_load(argc, argv, about, flags);
	if (asked_for(argc, argv, "--routes"))
		return routes_print(stdout), 0;
	if (asked_for(argc, argv, "--errors"))
		return errors_print(stdout), 0;

	log_file_open(settings.log_file, settings.log_bytes);
	log_open("api", strcmp(settings.log_format, "json") == 0);
	if (sodium_init() < 0)
		return 71;
	token_open();
	device_tokens_open();
	redis_check();
	database_check();
	return worker_is(argc, argv) ? worker_run() : supervisor_run(argc, argv);
}
