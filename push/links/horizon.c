/* SPDX-License-Identifier: MIT */
/* Horizon and incarnation of the present database. */
#include "push/links/horizon.h"

static struct {
	void (*connected)(void); /* NULL: nobody is told */
	int64_t latest, incarnation;
	uint32_t connects, known; /* connections made so far, and at the last read */
	bool is_doubted;	  /* what was delivered is not proven yet */
	uint32_t round;
} horizon;

void
horizon_open(void (*connected)(void))
{
	horizon.connected = connected;
}

void
horizon_connected(void)
{
	horizon.connects++;
	if (horizon.connected)
		horizon.connected();
}

uint32_t
horizon_connects(void)
{
	return horizon.connects;
}

void
horizon_learn(int64_t latest, int64_t incarnation)
{
	horizon.latest = latest;
	horizon.incarnation = incarnation;
	horizon.known = horizon.connects;
}

void
horizon_prove(bool is_proven)
{
	horizon.is_doubted = !is_proven;
}

int64_t
horizon_latest(void)
{
	return horizon.known == horizon.connects ? horizon.latest : 0;
}

int64_t
horizon_incarnation(void)
{
	return horizon.known == horizon.connects && !horizon.is_doubted ? horizon.incarnation : HORIZON_UNKNOWN;
}

uint32_t
horizon_round_begin(void)
{
	return ++horizon.round;
}

uint32_t
horizon_round(void)
{
	return horizon.round;
}
