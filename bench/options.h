/* SPDX-License-Identifier: MIT */
/* The options of a benchmark: arguments name=value, in any order. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

/* Keeps the arguments. usage is shown, and the program left with 64, when one is not name=value. */
void options_read(int argc, char **argv, const char *usage);

/* From now on an argument WHOSE.NAME counts before NAME; "" as at the beginning. */
void options_of(const char *whose);

/* The value of an argument, or the fallback when it is not there. */
long option_number(const char *name, long fallback);
const char *option_text(const char *name, const char *fallback);

#endif
