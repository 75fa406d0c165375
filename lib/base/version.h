/* SPDX-License-Identifier: MIT */
/* The version of this release, from the file VERSION. */
#ifndef LIB_VERSION_H
#define LIB_VERSION_H

extern const char banter_version[];

#endif
