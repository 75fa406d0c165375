/* SPDX-License-Identifier: MIT */
/* The routes of the api. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include <stdio.h>

/* Passes the table of routes to the dispatcher. Called once, before threads start. */
void routes_open(void);

/* Prints "METHOD /path/:param" lines (banter-api --routes). */
void routes_print(FILE *to);

#endif
