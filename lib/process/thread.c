/* SPDX-License-Identifier: MIT */
/* Detached threads. */
#include "lib/process/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

enum { STACK_BYTES = 256 * 1024 };

bool
thread_detach(void *(*run)(void *), void *context)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	int error = pthread_create(&thread, &attributes, run, context);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0;
}
