/* SPDX-License-Identifier: MIT */
/* The version, which the Makefile defines for this file. */
#include "lib/base/version.h"

const char banter_version[] = BANTER_VERSION;
