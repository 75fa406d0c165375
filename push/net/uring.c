/* SPDX-License-Identifier: MIT */
/*
 * io_uring by its system calls (io_uring_setup(2)), for batches of sends that do not wait.
 * MSG_DONTWAIT makes each send complete while it is submitted. So all results are there when the
 * call returns, and no buffer has to outlive it.
 */
#include "push/net/uring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "push/net/metrics.h"

static struct {
	int fd;
	struct io_uring_sqe *sends;
	size_t sends_size;
	char *queues; /* both queues, in one mapping */
	size_t queues_size;
	uint32_t *send_tail, send_mask;
	uint32_t *result_head, *result_tail, result_mask;
	struct io_uring_cqe *results;
} ring = { .fd = -1 };

bool
uring_is_open(void)
{
	return ring.fd >= 0;
}

static void *
ring_map(size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, offset);
}

static bool
ring_map_all(const struct io_uring_params *p)
{
	size_t sends_end = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	size_t results_end = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);

	ring.queues_size = sends_end > results_end ? sends_end : results_end;
	ring.queues = ring_map(ring.queues_size, IORING_OFF_SQ_RING);
	ring.sends_size = p->sq_entries * sizeof(struct io_uring_sqe);
	ring.sends = ring_map(ring.sends_size, IORING_OFF_SQES);
	if (ring.queues == MAP_FAILED || ring.sends == MAP_FAILED)
		return false;
	ring.send_tail = (uint32_t *)(void *)(ring.queues + p->sq_off.tail);
	ring.send_mask = *(uint32_t *)(void *)(ring.queues + p->sq_off.ring_mask);
	ring.result_head = (uint32_t *)(void *)(ring.queues + p->cq_off.head);
	ring.result_tail = (uint32_t *)(void *)(ring.queues + p->cq_off.tail);
	ring.result_mask = *(uint32_t *)(void *)(ring.queues + p->cq_off.ring_mask);
	ring.results = (struct io_uring_cqe *)(void *)(ring.queues + p->cq_off.cqes);
	uint32_t *order = (uint32_t *)(void *)(ring.queues + p->sq_off.array);
	for (uint32_t i = 0; i < p->sq_entries; i++)
		order[i] = i;
	return true;
}

bool
uring_open(void)
{
	struct io_uring_params p = { .flags = 0 };
	const uint32_t needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_FAST_POLL;

	ring.queues = MAP_FAILED;
	ring.sends = MAP_FAILED;
	ring.fd = (int)syscall(SYS_io_uring_setup, URING_MOST, &p);
	if (ring.fd < 0)
		return false;
	if ((p.features & needed) == needed && p.sq_entries >= URING_MOST && ring_map_all(&p))
		return true;
	uring_close();
	return false;
}

void
uring_close(void)
{
	if (ring.fd < 0)
		return;
	if (ring.queues != MAP_FAILED)
		munmap(ring.queues, ring.queues_size);
	if (ring.sends != MAP_FAILED)
		munmap(ring.sends, ring.sends_size);
	close(ring.fd);
	ring.fd = -1;
}

/* Queues the sends. Returns their number. */
static uint32_t
ring_fill(struct write *list, size_t count)
{
	uint32_t tail = *ring.send_tail, before = tail;

	for (size_t i = 0; i < count; i++) {
		if (!list[i].bytes)
			continue;
		struct io_uring_sqe *s = &ring.sends[tail++ & ring.send_mask];
		memset(s, 0, sizeof *s);
		s->opcode = IORING_OP_SEND;
		s->fd = list[i].fd;
		s->addr = (uint64_t)(uintptr_t)list[i].bytes;
		s->len = list[i].len;
		s->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT;
		s->user_data = i;
	}
	__atomic_store_n(ring.send_tail, tail, __ATOMIC_RELEASE);
	return tail - before;
}

/* Takes the results that are there. Returns their number. */
static uint32_t
ring_reap(struct write *list)
{
	uint32_t head = *ring.result_head, tail = __atomic_load_n(ring.result_tail, __ATOMIC_ACQUIRE), before = head;

	for (; head != tail; head++) {
		const struct io_uring_cqe *r = &ring.results[head & ring.result_mask];
		list[r->user_data].result = r->res;
	}
	__atomic_store_n(ring.result_head, head, __ATOMIC_RELEASE);
	return head - before;
}

void
uring_send(struct write *list, size_t count)
{
	uint32_t unsubmitted = ring_fill(list, count), awaited = unsubmitted;

	while (awaited) {
		long n = syscall(SYS_io_uring_enter, ring.fd, unsubmitted, unsubmitted ? 0 : awaited, unsubmitted ? 0 : IORING_ENTER_GETEVENTS, NULL,
				 0);
		metrics.flushes++;
		awaited -= ring_reap(list);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (n == 0 && unsubmitted)) {
			log_line(LOG_WARN, "uring_lost", "why=%s", n < 0 ? strerror(errno) : "it takes nothing");
			uring_close();
			return;
		}
		unsubmitted -= (uint32_t)n;
	}
}
