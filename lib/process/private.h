/* SPDX-License-Identifier: MIT */
/* Protection of a program's memory, with messages, tokens and keys, from other programs. */
#ifndef LIB_PRIVATE_H
#define LIB_PRIVATE_H

/* Switches core dumps off, and shuts out debuggers of the same user. Called first in main. */
void private_memory(void);

#endif
