/* SPDX-License-Identifier: MIT */
/* Marks of members (delivered, read) that moved while notifications were lost. */
#ifndef PUSH_MARKS_H
#define PUSH_MARKS_H

#include <stdbool.h>

/*
 * Keeps the places from before a break until the last catching up is done. Called when the break
 * has ended.
 */
void marks_hold(void);

/*
 * Reads the marks that may have moved since the break, in every conversation with subscribers.
 * Notifies the streams that were not notified. is_last: the places are released afterwards.
 */
void marks_catch_up(bool is_last);

void marks_open(void);
void marks_close(void);

#endif
