# SPDX-License-Identifier: MIT
"""The database of the cursor model: the log, memberships, writers, failovers."""
from simulator import BOUND, EPOCH, TICK, Server, Simulation

CONVERSATIONS = 9


class Snapshot:
    """Which transactions had ended: all below `next`, except `running`."""

    def __init__(self, next_tx, running):
        self.next, self.running = next_tx, frozenset(running)

    def sees(self, tx):
        return tx < self.next and tx not in self.running


class Event:
    def __init__(self, c, seq, eid, tx, removed=None, joins=None):
        self.c, self.seq, self.id, self.tx, self.removed, self.joins = c, seq, eid, tx, removed, joins


class Database:
    """What is committed, and the log of it; a failover goes on from some place of that log."""

    def __init__(self):
        self.log = {c: [] for c in range(CONVERSATIONS)}
        self.times = {}                                     # (client, conversation) -> [[first, last]]
        self.floor = self.seen = self.reached = 0.0
        self.forks = [0.0]                                  # of each incarnation: its first horizon
        self.wal = []

    def apply(self, record):
        kind, value = record
        if kind == "commit":
            self.log[value.c].append(value)
            for client in value.joins or ():
                self.times.setdefault((client, value.c), []).append([value, None])
            if value.removed is not None:
                self.times[(value.removed, value.c)][-1][1] = value
        elif kind == "numbers":
            self.__dict__.update(value)
        elif kind == "fork":
            self.forks.append(value)

    def write(self, kind, value):
        self.wal.append((kind, value))
        self.apply(self.wal[-1])

    def restored(self, upto):
        d = Database()
        for record in self.wal[:upto]:
            d.apply(record)
        d.wal = self.wal[:upto]
        return d

    def seq(self, c):
        return self.log[c][-1].seq if self.log[c] else 0

    def last_id(self, c):
        return self.log[c][-1].id if self.log[c] else 0.0

    def is_member(self, client, c):
        times = self.times.get((client, c))
        return bool(times) and times[-1][1] is None

    def of(self, client, c):
        """All events of a client's times in a conversation."""
        for first, last in self.times.get((client, c), ()):
            yield from self.log[c][first.seq - 1:last.seq if last else None]


class Clock(Server):
    """The server's numbers are in the database: a failover goes back to those that its log had."""

    floor = property(lambda self: self.sim.db.floor, lambda self, value: None)
    seen = property(lambda self: self.sim.db.seen, lambda self, value: None)
    reached = property(lambda self: self.sim.db.reached, lambda self, value: None)

    def keep(self, **numbers):
        self.sim.db.write("numbers", numbers)


class World(Simulation):
    """The database with its writers, and all that listens to it."""

    def __init__(self, rng, broken):
        super().__init__(rng, broken)
        self.db = Database()
        self.server = Clock(self, broken)
        self.wait = {c: [] for c in range(CONVERSATIONS)}
        self.lost, self.processes, self.clients = False, [], []
        self.ids_since = {}                                 # conversation -> an id, and when it was new

    def horizon(self):
        return self.server.horizon(), len(self.db.forks) - 1

    def snapshot(self):
        return Snapshot(self.server.next_tx, self.server.running)

    # ---- a writer: begin, lock, mark itself, read the clock, commit, publish (perhaps never)
    def begin(self, c, join=None, leave=None, hold=0.0):
        tx = self.server.begin()
        self.at(self.rng.expovariate(50), self.lock, self.server.epoch, tx, c, join, leave, hold)

    def lock(self, epoch, tx, c, join, leave, hold):
        if epoch != self.server.epoch:
            return
        if c in self.server.locked:
            self.wait[c].append((epoch, tx, c, join, leave, hold))
            return
        self.server.locked.add(c)
        first, second = self.mark, self.read_clock
        if self.broken == "mark":
            first, second = second, first
        work = dict(tx=tx, c=c, join=join, leave=leave, hold=hold, clock=0.0)
        first(work)
        pause = self.rng.expovariate(200) + (self.rng.random() < 0.05) * 0.5
        self.at(pause, self.second, epoch, second, work)

    def mark(self, work):
        self.server.mark(work["tx"])

    def read_clock(self, work):
        work["clock"] = self.server.read_clock(work["tx"])

    def second(self, epoch, step, work):
        if epoch != self.server.epoch:
            return
        step(work)
        slow = self.rng.random() < 0.04                     # a stalled flush
        dt = self.rng.uniform(1, 6) if slow else self.rng.expovariate(100)
        self.at(work["hold"] or dt, self.commit, epoch, work)

    def commit(self, epoch, work):
        if epoch != self.server.epoch:
            return
        c, tx, d = work["c"], work["tx"], self.db
        joins = [k for k in work["join"] or () if not d.is_member(k, c)]
        removed = work["leave"] if work["leave"] is not None and d.is_member(work["leave"], c) else None
        before = d.last_id(c)
        e = Event(c, d.seq(c) + 1, max(before + TICK, work["clock"]), tx, removed, joins)
        if d.floor and e.id > max(before + 2 * TICK, self.now + EPOCH + BOUND + 3600):
            self.fault(f"an id {e.id - self.now - EPOCH:.0f} s ahead")
        d.write("commit", e)
        e.committed = self.now
        since = self.ids_since.get(c, (before, e.committed))[1]
        if before and e.id - before < 1.0 and e.committed - since > 120:
            self.fault(f"the time stands in conversation {c}")
        if e.id - self.ids_since.get(c, (-1e9, 0))[0] >= 1.0:
            self.ids_since[c] = (e.id, self.now)
        self.server.end(tx, [c])
        if self.wait[c]:
            self.at(0, self.lock, *self.wait[c].pop(0))
        for p in self.processes:
            arrives = 0.85 if self.broken != "replayed" else 0.3 # else the notification is lost
            if self.rng.random() < arrives:
                self.at(self.rng.expovariate(20), p.notify, c, e.seq)
            for k in joins:
                if self.rng.random() < 0.7:
                    self.at(self.rng.expovariate(20), p.resync, k)

    def foreign(self, seconds):
        tx = self.server.begin()
        self.at(seconds, self.server.running.pop, tx, None)

    # ---- a standby takes over: with all of the log, or without its end
    def failover(self, loses):
        wal = len(self.db.wal)
        most = 60 if self.broken != "replayed" else 8
        upto = wal if not loses else max(0, wal - self.rng.randint(1, most))
        before = self.db
        self.db = before.restored(upto)
        # A client may hold a base that the standby never had, although no event was lost. Its reset
        # is right as well.
        self.lost = self.db.reached < before.reached or any(k == "commit" for k, _ in before.wal[upto:])
        self.server.crash()
        for c in self.wait:
            self.wait[c].clear()
        self.db.write("fork", self.db.reached)
        for p in self.processes:
            p.database_is_another()

    def verdict(self, cursor):
        """May a client go on from this cursor?"""
        now = len(self.db.forks) - 1
        if cursor.incarnation == now or self.broken == "incarnation":
            return True
        fork = self.db.forks[cursor.incarnation + 1]
        if self.broken == "harsh" or (cursor.base if self.broken == "reach" else cursor.reach()) > fork:
            return False
        if self.broken == "unproven":
            return True
        return all(any(e.id == i for e in self.db.log[c]) for c, i in cursor.exc.items())


