/* SPDX-License-Identifier: MIT */
/* Every setting: read once at the start, from the environment or a file, and constant from then on. */
#ifndef LIB_SETTINGS_H
#define LIB_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

struct settings {
	/* the parts that Banter stands on */
	const char *database_url;
	const char *redis_url;
	const char *redis_prefix;
	const char *secrets_dir;
	long startup_wait_seconds;
	long drain_seconds;
	long redis_timeout_ms;
	const char *log_format;

	/* who may come in */
	const char *origins;
	bool cookie_secure;
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
	long api_send_connections;
	long api_send_batch;
	long api_send_queue;
	long api_wait_ms;
	long rate_login;
	long rate_read;
	long rate_write;
	long rate_send;

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
	long push_comment_seconds;
	long push_lifetime_seconds;
	long push_queue_bytes;
	long push_unsent_bytes;
	long push_buffer_bytes;
	long push_frame_bytes;
	long push_frame_rate;
	long push_sends;
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
 * Reads the settings: defaults, then the file (--config FILE or BANTER_CONFIG; lines NAME=value), then the environment.
 * Answers --help by printing the table to standard output and leaving with 0.
 * Leaves with 64 and a sentence on standard error when a value cannot be understood, a name in the file is unknown, or an argument is.
 * about: what the program is, one line; extra: further flags that the caller handles itself (NULL-terminated), may be NULL.
 */
void settings_load(int argc, char **argv, const char *about, const char *const *extra);

/* Prints the table as --help shows it. */
void settings_print(FILE *to);

#endif
