/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: binds the socket once and keeps settings.api_workers workers on it. SIGHUP: replaces them one by one, the new one first, by
 * the program as it is on disk then, so that a deploy loses nothing. SIGTERM, SIGINT: takes the socket away, drains and ends.
 */
#ifndef API_SUPERVISOR_H
#define API_SUPERVISOR_H

/* Runs until it is told to end; returns the exit code. The arguments are handed to the workers. */
int supervisor_run(int argc, char **argv);

#endif
