/* SPDX-License-Identifier: MIT */
/*
 * Every setting. They are read once at the start, from the environment or a file, and do not
 * change.
 */
#ifndef LIB_SETTINGS_H
#define LIB_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

enum { REDIS_PREFIX_BYTES = 80 }; /* the longest redis_prefix */

#define SETTINGS_LOCAL_PROXIES "127.0.0.1,::1" /* the default of push_proxies */

struct settings {
	/* PostgreSQL, Redis, secrets, the process and its log */
	const char *database_url;
	const char *redis_url;
	const char *redis_ca;
	bool redis_verify;
	const char *redis_certificate;
	const char *redis_key;
	const char *redis_prefix;
	const char *secrets_dir;
	long startup_wait_seconds;
	long drain_seconds;
	long hang_seconds;
	long redis_timeout_ms;
	const char *log_format;
	const char *log_file;
	long log_bytes;

	/* access */
	const char *origins;
	bool cookie_secure;
	const char *cookie_name;
	const char *base_path;
	const char *registration;
	long token_seconds;
	long refresh_seconds;
	long ticket_seconds;
	long password_ops;
	long password_memory_kib;
	long password_parallel;

	/* api */
	const char *api_socket;
	long api_workers;
	long api_threads;
	long api_seats;
	long api_connections;
	long api_write_connections;
	long api_send_connections;
	long api_send_batch;
	long api_send_queue;
	long api_wait_ms;
	long rate_login;
	long rate_login_name;
	long rate_login_strangers;
	long rate_refresh;
	long rate_read;
	long rate_write;
	long rate_send;
	long rate_members;

	/* push */
	const char *push_listen;
	long push_port;
	long push_processes;
	long push_accept_rate;
	long push_handshakes;
	long push_streams;
	long push_streams_per_user;
	long push_streams_per_address;
	long push_handshake_seconds;
	long push_ping_seconds;
	long push_pong_seconds;
	long push_peer_seconds;
	long push_comment_seconds;
	long push_lifetime_seconds;
	long push_queue_bytes;
	long push_unsent_bytes;
	long push_buffer_bytes;
	long push_frame_bytes;
	long push_message_seconds;
	long push_unfinished_bytes;
	long push_frame_rate;
	long push_sends;
	long push_answer_ms;
	long push_hold_ms;
	long push_input_bytes;
	long push_sweep_seconds;
	long push_replay_page;
	long push_replay_bytes;
	long push_replay_events;
	long push_poll_seconds;
	long push_uring;
	const char *push_proxies;
	long presence_seconds;
};

extern struct settings settings;

/*
 * Reads the settings: defaults, then the file (--config FILE or BANTER_CONFIG; lines NAME=value),
 * then the environment.
 * --help prints the table to standard output and exits with 0. --version does the same with the
 * version.
 * Exits with 64 and a sentence when a value is not allowed. Also when a name in the file, a BANTER_
 * name in the environment or an argument is unknown.
 * about: one line about the program. extra: flags that the caller handles itself, NULL-terminated;
 * may be NULL.
 */
void settings_load(int argc, char **argv, const char *about, const char *const *extra);

/* Prints the table of --help. */
void settings_print(FILE *to);

#endif
