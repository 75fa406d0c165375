/* SPDX-License-Identifier: MIT */
/*
 * A fake PostgreSQL for unit tests of push: it defines the functions of push/links/db.h.
 *
 * It stores the events of some rooms and the memberships of one user. A query waits until the test
 * runs it, which reads what is stored then, and until the test answers it. So a test chooses the
 * order of commits, reads and answers.
 */
#ifndef TESTS_WORLD_DATABASE_H
#define TESTS_WORLD_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "push/links/statements.h"

enum { USER = 2, OTHER = 1, DEVICE = 7, ROOM = 100, ROOMS = 60, FIRST_ID = 1000, INCARNATION = 5 };

struct stored {
	int64_t room, id, seq;
	int64_t removed_user; /* USER: the event removed the user; NOTIFICATION_REMOVES_ALL, or 0 */
	bool joins;	      /* the event added the user */
	char json[64];
};

/* Settings of a test, which database_reset sets to these values. */
extern struct world_database {
	bool is_up;	     /* true: db_is_up */
	bool device_unknown; /* false: streams_open says that the device may not have streams */
	/* NULL: the reason of cursor_reset and streams_open against the cursor */
	const char *no_resume;
	int filling;	     /* 0: bytes that make an event's JSON longer */
	int64_t incarnation; /* INCARNATION */
} database;

/* Empties the database. The user is a member of ROOM, from its first event on. */
void database_reset(void);

/* Stores an event of the room, by another user. */
const struct stored *database_send(int64_t room);

/* Removes the user from the room, or adds the user, by an event. */
const struct stored *database_remove(int64_t room);
const struct stored *database_add(int64_t room);
bool database_is_member(int64_t room);

/* Returns the number of stored events, and one of them. Whether the user may have received it. */
int database_events(void);
const struct stored *database_event(int i);
bool database_is_of_user(const struct stored *e);

/* Returns the last seq and id of the room; 0: it has no event. */
int64_t database_seq(int64_t room);
int64_t database_id(int64_t room);

/* Reads the horizon and the incarnation, as the sweep does. */
void database_horizon(void);

/* Returns how many queries of the statement wait, or of all statements for QUERIES. */
int database_waiting(enum query_name statement);

/* Runs the oldest query of the statement that was not run. Its answer stands from then on. */
void database_run(enum query_name statement);

/* Answers the oldest waiting query of the statement, which is run now if it was not. */
void database_answer(enum query_name statement);

/* Lets the oldest waiting query of the statement fail. */
void database_fail(enum query_name statement);

/* The same for the waiting query at this index, of all statements. */
void database_run_at(int i);
void database_answer_at(int i);
void database_fail_at(int i);

#endif
