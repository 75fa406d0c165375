/* SPDX-License-Identifier: MIT */
/* The table of settings, and the functions that read it. */
#include "lib/base/settings.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/limits.h"
#include "lib/base/memory.h"
#include "lib/base/version.h"

enum setting_type { TEXT, NUMBER, SWITCH };

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset;
	const char *fallback;
	const char *unit;
	long min, max;
	const char *meaning;
};

struct settings settings;

#define AT(field) offsetof(struct settings, field)
#define TEXT_OF(number) TEXT_OF_(number)
#define TEXT_OF_(number) #number

static const struct setting table[] = {
	{ "BANTER_DATABASE_URL", TEXT, AT(database_url), "", "URL", 0, 0, "PostgreSQL, as libpq takes it" },
	{ "BANTER_REDIS_URL", TEXT, AT(redis_url), "", "URL", 0, 0,
	  "Redis: redis://[user:password@]host[:port][/database], rediss:// over TLS, or unix:///path[?db=database]" },
	{ "BANTER_REDIS_CA", TEXT, AT(redis_ca), "", "path", 0, 0, "CA certificates for a rediss:// server; empty: those of the system" },
	{ "BANTER_REDIS_VERIFY", SWITCH, AT(redis_verify), "on", "on|off", 0, 0,
	  "whether the certificate of a rediss:// server must be valid and name its host" },
	{ "BANTER_REDIS_CERTIFICATE", TEXT, AT(redis_certificate), "", "path", 0, 0, "client certificate for a rediss:// server that requires one" },
	{ "BANTER_REDIS_KEY", TEXT, AT(redis_key), "", "path", 0, 0, "its key; empty: in the same file" },
	{ "BANTER_REDIS_PREFIX", TEXT, AT(redis_prefix), "banter:", "text", 0, REDIS_PREFIX_BYTES,
	  "before every key and channel in Redis; up to 80 bytes" },
	{ "BANTER_SECRETS_DIR", TEXT, AT(secrets_dir), "var/secrets", "path", 0, 0, "where the signing key is kept (mode 0600)" },
	{ "BANTER_STARTUP_WAIT_SECONDS", NUMBER, AT(startup_wait_seconds), "30", "s", 0, 3600, "how long to wait for the database at the start" },
	{ "BANTER_DRAIN_SECONDS", NUMBER, AT(drain_seconds), "10", "s", 0, 600, "how long SIGTERM may take" },
	{ "BANTER_HANG_SECONDS", NUMBER, AT(hang_seconds), "15", "s", 0, 3600, "a worker without heartbeats for this long is replaced; 0: never" },
	{ "BANTER_REDIS_TIMEOUT_MS", NUMBER, AT(redis_timeout_ms), "500", "ms", 10, 60000, "connecting to Redis and waiting for its answer" },
	{ "BANTER_LOG_FORMAT", TEXT, AT(log_format), "text", "text|json", 0, 0, "how log lines are written" },
	{ "BANTER_LOG_FILE", TEXT, AT(log_file), "", "path", 0, 0, "the log; without it standard error" },
	{ "BANTER_LOG_BYTES", NUMBER, AT(log_bytes), "100000000", "bytes", 0, LONG_MAX, "size at which that file becomes FILE.1; 0: never" },

	{ "BANTER_ORIGINS", TEXT, AT(origins), "", "list", 0, UINT16_MAX, "origins of other sites that may call (CORS, cookie streams)" },
	{ "BANTER_COOKIE_SECURE", SWITCH, AT(cookie_secure), "off", "on|off", 0, 0, "cookies for TLS only: set it where there is TLS" },
	{ "BANTER_COOKIE_NAME", TEXT, AT(cookie_name), "banter_access", "text", 0, 64, "name of the cookie; one for each Banter of a host" },
	{ "BANTER_BASE_PATH", TEXT, AT(base_path), "", "path", 0, 200, "the path under which a proxy serves Banter, as /chat; for the cookie" },
	{ "BANTER_REGISTRATION", TEXT, AT(registration), "open", "open|closed", 0, 0, "whether anybody may create an account" },
	{ "BANTER_TOKEN_SECONDS", NUMBER, AT(token_seconds), "900", "s", 5, 86400, "life of an access token" },
	{ "BANTER_REFRESH_SECONDS", NUMBER, AT(refresh_seconds), "2592000", "s", 60, 31536000, "life of a refresh token" },
	{ "BANTER_TICKET_SECONDS", NUMBER, AT(ticket_seconds), "30", "s", 1, 300, "life of a stream ticket" },
	{ "BANTER_PASSWORD_OPS", NUMBER, AT(password_ops), "2", "passes", 1, 10, "argon2id passes" },
	{ "BANTER_PASSWORD_MEMORY_KIB", NUMBER, AT(password_memory_kib), "19456", "KiB", 8, 1048576, "argon2id memory" },
	{ "BANTER_PASSWORD_PARALLEL", NUMBER, AT(password_parallel), "2", "hashes", 1, 64, "hashes at once in a worker, beyond it 429" },

	{ "BANTER_API_SOCKET", TEXT, AT(api_socket), "var/run/api.sock", "path", 0, 0, "FastCGI socket that lighttpd connects to" },
	{ "BANTER_API_WORKERS", NUMBER, AT(api_workers), "1", "processes", 1, 64, "api worker processes" },
	{ "BANTER_API_THREADS", NUMBER, AT(api_threads), "48", "threads", 1, 512, "requests at once in a worker" },
	{ "BANTER_API_SEATS", NUMBER, AT(api_seats), "2", "threads", 1, 512,
	  "accept slots: how many of these accept requests at once; one that waits releases its slot" },
	{ "BANTER_API_CONNECTIONS", NUMBER, AT(api_connections), "4", "connections", 1, 64, "database connections of a worker for reads" },
	{ "BANTER_API_WRITE_CONNECTIONS", NUMBER, AT(api_write_connections), "2", "connections", 1, 64,
	  "database connections of a worker for writes other than sends" },
	{ "BANTER_API_SEND_CONNECTIONS", NUMBER, AT(api_send_connections), "2", "connections", 1, 64, "database connections of a worker for sends" },
	{ "BANTER_API_SEND_BATCH", NUMBER, AT(api_send_batch), "64", "messages", 1, 256, "sends in one transaction; 1 on a sharded database" },
	{ "BANTER_API_SEND_QUEUE", NUMBER, AT(api_send_queue), "256", "messages", 1, 65536, "sends of a worker that may wait for a batch" },
	{ "BANTER_API_WAIT_MS", NUMBER, AT(api_wait_ms), "5000", "ms", 10, 60000, "waiting for a database connection or its answer, then 503" },
	{ "BANTER_RATE_LOGIN", NUMBER, AT(rate_login), "60", "per minute", 0, 1000000, "register and login per address; 0: no limit" },
	{ "BANTER_RATE_LOGIN_NAME", NUMBER, AT(rate_login_name), "20", "per minute", 0, 1000000, "sign-ins with one name per address; 0: no limit" },
	{ "BANTER_RATE_LOGIN_STRANGERS", NUMBER, AT(rate_login_strangers), "100", "per minute", 0, 1000000,
	  "sign-ins with one name from all networks that are new to it; 0: no limit" },
	{ "BANTER_RATE_REFRESH", NUMBER, AT(rate_refresh), "6000", "per minute", 0, 100000000, "refreshes per address; 0: no limit" },
	{ "BANTER_RATE_READ", NUMBER, AT(rate_read), "6000", "per minute", 0, 100000000, "reads per user; 0: no limit" },
	{ "BANTER_RATE_WRITE", NUMBER, AT(rate_write), "1200", "per minute", 0, 100000000, "writes per user, without sends; 0: no limit" },
	{ "BANTER_RATE_SEND", NUMBER, AT(rate_send), "1200", "per minute", 0, 100000000, "messages per user; 0: no limit" },
	{ "BANTER_RATE_MEMBERS", NUMBER, AT(rate_members), "2000", "per minute", 0, 100000000,
	  "members that a user adds, in new conversations too; 0: no limit" },

	{ "BANTER_PUSH_LISTEN", TEXT, AT(push_listen), "127.0.0.1", "address", 0, 0, "address of push's own port" },
	{ "BANTER_PUSH_PORT", NUMBER, AT(push_port), "8081", "port", 1, 65535, "push's own port" },
	{ "BANTER_PUSH_PROCESSES", NUMBER, AT(push_processes), "1", "processes", 1, 64, "push processes on that port" },
	{ "BANTER_PUSH_ACCEPT_RATE", NUMBER, AT(push_accept_rate), "2500", "per second", 10, 1000000,
	  "connections that a process accepts; more wait in the kernel's queue" },
	{ "BANTER_PUSH_HANDSHAKES", NUMBER, AT(push_handshakes), "4096", "connections", 1, 1000000,
	  "unauthenticated connections of a process; beyond it the oldest is closed" },
	{ "BANTER_PUSH_STREAMS", NUMBER, AT(push_streams), "18000", "streams", 1, 1000000, "open streams in a process" },
	{ "BANTER_PUSH_STREAMS_PER_USER", NUMBER, AT(push_streams_per_user), "20", "streams", 1, 100000,
	  "open streams of a user in a process; beyond it the oldest is closed" },
	{ "BANTER_PUSH_STREAMS_PER_ADDRESS", NUMBER, AT(push_streams_per_address), "0", "streams", 0, 1000000,
	  "open connections of an address in a process; 0: no limit" },
	{ "BANTER_PUSH_HANDSHAKE_SECONDS", NUMBER, AT(push_handshake_seconds), "10", "s", 1, 120, "from accept to an authenticated stream" },
	{ "BANTER_PUSH_PING_SECONDS", NUMBER, AT(push_ping_seconds), "25", "s", 1, 600, "between pings on a WebSocket" },
	{ "BANTER_PUSH_PONG_SECONDS", NUMBER, AT(push_pong_seconds), "20", "s", 1, 600, "from a ping to its pong" },
	{ "BANTER_PUSH_PEER_SECONDS", NUMBER, AT(push_peer_seconds), "30", "s", 1, 600,
	  "time without an acknowledgement or a read by the peer, then it is closed" },
	{ "BANTER_PUSH_COMMENT_SECONDS", NUMBER, AT(push_comment_seconds), "20", "s", 1, 600, "between comments on an SSE stream" },
	{ "BANTER_PUSH_LIFETIME_SECONDS", NUMBER, AT(push_lifetime_seconds), "14400", "s", 10, 604800, "life of a stream, plus or minus a quarter" },
	{ "BANTER_PUSH_QUEUE_BYTES", NUMBER, AT(push_queue_bytes), "2097152", "bytes", 4096, 16777216, "bytes that wait for a stream, then 4002" },
	{ "BANTER_PUSH_UNSENT_BYTES", NUMBER, AT(push_unsent_bytes), "262144", "bytes", 4096, 16777216,
	  "unsent bytes of a stream in the kernel, beside that queue" },
	{ "BANTER_PUSH_BUFFER_BYTES", NUMBER, AT(push_buffer_bytes), "268435456", "bytes", 65536, 1099511627776,
	  "events and replies in the memory of a process; beyond it a stream queues one page at most" },
	{ "BANTER_PUSH_FRAME_BYTES", NUMBER, AT(push_frame_bytes), TEXT_OF(LIMIT_MESSAGE_BYTES), "bytes", 1024, 16777216,
	  "a message from a client; the default allows each message that REST allows" },
	{ "BANTER_PUSH_MESSAGE_SECONDS", NUMBER, AT(push_message_seconds), "20", "s", 1, 600, "from a message's first byte to its last" },
	{ "BANTER_PUSH_UNFINISHED_BYTES", NUMBER, AT(push_unfinished_bytes), "67108864", "bytes", 65536, 1099511627776,
	  "unfinished messages from all clients of a process; beyond it no large message may begin" },
	{ "BANTER_PUSH_FRAME_RATE", NUMBER, AT(push_frame_rate), "100", "per second", 1, 100000, "frames from a client, in bursts of five seconds" },
	{ "BANTER_PUSH_INPUT_BYTES", NUMBER, AT(push_input_bytes), "524288", "bytes/s", 1024, 1073741824,
	  "input of a user's clients to a process, in bursts of four seconds" },
	{ "BANTER_PUSH_SENDS", NUMBER, AT(push_sends), "100", "messages", 1, 10000, "unanswered sends of a stream; more are refused" },
	{ "BANTER_PUSH_ANSWER_MS", NUMBER, AT(push_answer_ms), "8000", "ms", 100, 600000,
	  "wait for the database to answer a batch of queries, then a connection for reads is closed" },
	{ "BANTER_PUSH_HOLD_MS", NUMBER, AT(push_hold_ms), "50", "ms", 0, 5000, "how long a hole in the order may wait for its event" },
	{ "BANTER_PUSH_SWEEP_SECONDS", NUMBER, AT(push_sweep_seconds), "5", "s", 1, 60, "a round of the heads sweep" },
	{ "BANTER_PUSH_REPLAY_PAGE", NUMBER, AT(push_replay_page), "500", "events", 10, 5000, "events read at once for a stream that resumes" },
	{ "BANTER_PUSH_REPLAY_BYTES", NUMBER, AT(push_replay_bytes), "262144", "bytes", 4096, 16777216, "the same in bytes; a reply to a long-poll" },
	{ "BANTER_PUSH_REPLAY_EVENTS", NUMBER, AT(push_replay_events), "10000", "events", 10, 1000000,
	  "missed events that are replayed; beyond it stream.reset" },
	{ "BANTER_PUSH_POLL_SECONDS", NUMBER, AT(push_poll_seconds), "60", "s", 1, 600, "longest wait of a long-poll" },
	{ "BANTER_PUSH_URING", NUMBER, AT(push_uring), "1", "0 or 1", 0, 1, "write to many streams by io_uring where the kernel has it" },
	{ "BANTER_PUSH_PROXIES", TEXT, AT(push_proxies), SETTINGS_LOCAL_PROXIES, "list", 0, 0,
	  "proxies whose X-Forwarded-For lighttpd and push trust; by default also lighttpd on push's machine" },
	{ "BANTER_PRESENCE_SECONDS", NUMBER, AT(presence_seconds), "30", "s", 2, 3600, "a device is offline without a heartbeat for this long" },
};

enum { SETTINGS = sizeof table / sizeof table[0] };

/*
 * Names in the environment that belong to the scripts (SETTINGS in scripts/parts.bash) and to the
 * tests.
 */
static const char *const others[] = {
	"BANTER_BUILD",
	"BANTER_CHROMIUM",
	"BANTER_CONFIG",
	"BANTER_CONNECTIONS",
	"BANTER_CONNECTIONS_PER_ADDRESS",
	"BANTER_DATABASE_OWNER_URL",
	"BANTER_FUZZ_SECONDS",
	"BANTER_LISTEN",
	"BANTER_LOG_CHECK",
	"BANTER_ONLY",
	"BANTER_PORT",
	"BANTER_PUSH_HOST",
	"BANTER_POSTGRES_BUFFERS",
	"BANTER_POSTGRES_CONNECTIONS",
	"BANTER_RECORD",
	"BANTER_SEED",
	"BANTER_SHARE",
	"BANTER_STACK",
	"BANTER_STATE",
	"BANTER_TEST_SECONDS",
	"BANTER_TEST_WORK",
	"BANTER_TLS_CERTIFICATE",
	"BANTER_TLS_KEY",
	"BANTER_URL",
	"BANTER_USER",
	"BANTER_WEB",
	NULL,
};

static void
usage_error(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s (see --help)\n", what, name);
	exit(64);
}

static void
setting_set(const struct setting *s, const char *value)
{
	char *at = (char *)&settings + s->offset;
	char *end;

	switch (s->type) {
	case TEXT:
		if (s->max && strlen(value) > (size_t)s->max)
			usage_error("too long", s->name);
		if (*(char **)at != s->fallback)
			free(*(char **)at);
		*(const char **)at = value == s->fallback ? value : memory_strdup(value);
		return;
	case SWITCH:
		if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
			usage_error("neither on nor off", s->name);
		*(bool *)at = strcmp(value, "on") == 0;
		return;
	case NUMBER:
		errno = 0;
		*(long *)at = strtol(value, &end, 10);
		if (end == value || *end || errno || *(long *)at < s->min || *(long *)at > s->max) {
			fprintf(stderr, "%s must be a whole number from %ld to %ld (%s)\n", s->name, s->min, s->max, s->unit);
			exit(64);
		}
		return;
	}
}

static const struct setting *
setting_find(const char *name)
{
	for (int i = 0; i < SETTINGS; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

/* Reads one line of the file: NAME=value, a comment (#), or nothing. */
static void
settings_line(char *line)
{
	char *end = line + strlen(line);

	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*line))
		line++;
	if (*line == '\0' || *line == '#')
		return;

	char *value = strchr(line, '=');
	if (!value)
		usage_error("a line without = in the settings file", line);
	*value++ = '\0';
	const struct setting *s = setting_find(line);
	if (!s)
		usage_error("unknown setting in the settings file", line);
	setting_set(s, value);
}

static void
settings_file(const char *path)
{
	char line[4096];
	FILE *f = fopen(path, "r");

	if (!f)
		usage_error("cannot read the settings file", path);
	while (fgets(line, sizeof line, f))
		settings_line(line);
	fclose(f);
}

void
settings_print(FILE *to)
{
	fprintf(to, "%-32s %-18s %-11s %s\n", "setting", "default", "unit", "meaning");
	for (int i = 0; i < SETTINGS; i++)
		fprintf(to, "%-32s %-18s %-11s %s\n", table[i].name, *table[i].fallback ? table[i].fallback : "-", table[i].unit, table[i].meaning);
}

static bool
is_among(const char *arg, const char *const *list)
{
	for (; list && *list; list++)
		if (strcmp(arg, *list) == 0)
			return true;
	return false;
}

/*
 * Refuses unknown names of ours in the environment. A misspelt setting would silently keep its
 * default.
 */
static void
environment_check(void)
{
	static const char ours[] = "BANTER_";
	char name[64];

	for (char **entry = environ; *entry; entry++) {
		if (strncmp(*entry, ours, sizeof ours - 1) != 0)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)strcspn(*entry, "="), *entry);
		if (!setting_find(name) && !is_among(name, others))
			usage_error("unknown setting in the environment", name);
	}
}

static const char *
settings_arguments(int argc, char **argv, const char *about, const char *const *extra)
{
	const char *file = getenv("BANTER_CONFIG");

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			printf("%s\n\nusage: %s [--config FILE] [--help] [--version]", about, argv[0]);
			for (const char *const *e = extra; e && *e; e++)
				printf(" [%s]", *e);
			printf("\n\nSettings come from the environment, or from lines NAME=value in FILE (or $BANTER_CONFIG).\n\n");
			settings_print(stdout);
			exit(0);
		} else if (strcmp(argv[i], "--version") == 0) {
			printf("banter %s\n", banter_version);
			exit(0);
		} else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			file = argv[++i];
		} else if (!is_among(argv[i], extra)) {
			usage_error("unknown argument", argv[i]);
		}
	}
	return file;
}

/* Returns an IPv6 address without brackets, which people may write as in a URL. */
static const char *
without_brackets(const char *address)
{
	size_t n = strlen(address);

	if (n < 2 || address[0] != '[' || address[n - 1] != ']')
		return address;
	/* settings owns the copy: the default has no brackets */
	memmove((char *)address, address + 1, n - 2);
	((char *)address)[n - 2] = '\0';
	return address;
}

/* Exits when the text of a setting has a value that is not allowed. */
static void
settings_check(void)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	const char *path = settings.base_path;

	settings.push_listen = without_brackets(settings.push_listen);
	if (strcmp(settings.registration, "open") != 0 && strcmp(settings.registration, "closed") != 0)
		usage_error("neither open nor closed", "BANTER_REGISTRATION");
	if (!*settings.cookie_name || settings.cookie_name[strspn(settings.cookie_name, letters)])
		usage_error("not made of letters, digits, _ - and .", "BANTER_COOKIE_NAME");
	if (*path && (*path != '/' || path[strlen(path) - 1] == '/' || strpbrk(path, "; ,\"\\") != NULL))
		usage_error("not a path as /chat", "BANTER_BASE_PATH");
}

void
settings_load(int argc, char **argv, const char *about, const char *const *extra)
{
	const char *file = settings_arguments(argc, argv, about, extra);

	environment_check();
	for (int i = 0; i < SETTINGS; i++)
		setting_set(&table[i], table[i].fallback);
	if (file && *file)
		settings_file(file);
	for (int i = 0; i < SETTINGS; i++) {
		const char *value = getenv(table[i].name);
		if (value)
			setting_set(&table[i], value);
	}
	settings_check();
	if (strcmp(settings.log_format, "text") != 0 && strcmp(settings.log_format, "json") != 0)
		usage_error("neither text nor json", "BANTER_LOG_FORMAT");
}
