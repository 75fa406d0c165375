# SPDX-License-Identifier: MIT
"""Simulated time, and a database server: its clock, its transactions and its horizon.

The models of this folder share it. docs/events.md, section 14, says why the horizon is right.

Terms
    writer      a transaction that makes events or states
    mark        a bound that a writer notes before it reads the clock: it makes no id below it
    floor       a number that only grows; no id is below it
    horizon     an id below which nothing can be committed any more

Rules (a model may leave one out, by its name)
    horizon     The horizon is not above the mark of an open writer.
    foreign     An open transaction without a mark does not hold the horizon.
    floor       The clock never goes below the floor, and the horizon never goes back.
    pace        A clock that was set back goes on from the floor at half the pace.
    bound       A clock more than 31 days above the floor is not believed.
"""
import heapq

BOUND = 31 * 86400.0
PASSED_MOST = 10.0             # seconds that one look at the clock may find to have passed
EPOCH = 1e6                    # the machine's clock when simulated time begins
TICK = 1e-9                    # the difference between two ids


class Simulation:
    """A queue of calls by time. A run is a function of its random source."""

    def __init__(self, rng, broken=None):
        self.rng, self.broken, self.now = rng, broken, 0.0
        self.queue, self.number, self.faults = [], 0, []

    def at(self, delay, call, *args):
        self.number += 1
        heapq.heappush(self.queue, (self.now + delay, self.number, call, args))

    def fault(self, text):
        self.faults.append(f"t={self.now:.2f} {text}")

    def run(self, until):
        """Runs all calls before a time. Stops at the first fault."""
        while self.queue and self.queue[0][0] < until and not self.faults:
            self.now, _, call, args = heapq.heappop(self.queue)
            call(*args)
        self.now = max(self.now, until)

    def run_until_ended(self, until, servers):
        """Runs until a time, and on until no server has an open transaction."""
        self.run(until)
        while not self.faults and any(server.running for server in servers):
            self.run(self.now + 5)


class Server:
    """A database server. `keep` stores its three numbers; a model with a log of its own overrides it."""

    def __init__(self, sim, broken=None):
        self.sim, self.broken = sim, broken
        self.offset, self.next_tx, self.epoch = 0.0, 1, 0
        self.floor = self.seen = self.reached = 0.0
        self.running, self.marks = {}, {}                   # transaction -> its start; -> its mark
        self.locked, self.waiting = set(), []

    def keep(self, **numbers):
        for name, value in numbers.items():
            setattr(self, name, value)

    # ---- the clock
    def real(self):
        return EPOCH + self.sim.now + self.offset

    def clock(self):
        real, floor = self.real(), self.floor
        believed = self.broken == "bound" or real <= floor + BOUND
        if self.broken == "floor" or not floor or floor <= real and believed:
            return real
        if self.broken == "pace":
            return max(floor, min(real, floor + BOUND))
        passed = min(max(real - self.seen, 0.0), PASSED_MOST)
        return floor + (passed / 2 if real < floor else passed)

    def horizon(self):
        """Raises the floor first and looks at the marks afterwards."""
        clock = self.clock()
        self.keep(floor=clock, seen=self.real())
        holds = {**self.running, **self.marks} if self.broken == "foreign" else self.marks
        horizon = clock if self.broken == "horizon" else min([clock, *holds.values()])
        if self.broken != "floor":
            horizon = max(self.reached, horizon)
        self.keep(reached=horizon)
        return horizon

    # ---- transactions
    def begin(self):
        tx, self.next_tx = self.next_tx, self.next_tx + 1
        self.running[tx] = self.real()
        return tx

    def start(self, tx):
        """Returns when the transaction began; 0 when the clock was too far ahead then."""
        start = self.running[tx]
        return start if start <= self.floor + BOUND else 0.0

    def mark(self, tx):
        self.marks[tx] = max(self.start(tx), self.floor)

    def read_clock(self, tx):
        return max(self.clock(), self.start(tx))

    def lock(self, names, call, *args):
        """Calls when all of the names are free, and locks them."""
        if self.locked.isdisjoint(names):
            self.locked.update(names)
            self.sim.at(0, call, *args)
        else:
            self.waiting.append((names, call, args))

    def end(self, tx, names=()):
        """Ends a transaction, committed or not, and lets those go on that waited for its locks."""
        self.running.pop(tx, None)
        self.marks.pop(tx, None)
        self.locked.difference_update(names)
        waiting, self.waiting = self.waiting, []
        for names, call, args in waiting:
            self.lock(names, call, *args)

    def crash(self):
        """Ends all transactions without a commit."""
        self.epoch += 1
        self.running.clear()
        self.marks.clear()
        self.locked.clear()
        self.waiting.clear()
