# SPDX-License-Identifier: MIT
"""The database of the state model: rows of users, a log of events, memberships, and their writers."""
import math
from dataclasses import dataclass, replace

from simulator import TICK, Server

CONVERSATIONS, USERS = 4, 3
SETTINGS = 4                   # rows of a user that no conversation has: drafts, profile


@dataclass(frozen=True)
class Row:
    """The current value of one thing of a user. A value of None says that the thing is deleted."""
    key: tuple                 # ("member", conversation) or ("setting", number)
    id: float                  # state_id
    value: int | None
    read: float = 0.0          # the read mark; the user's own sends move it without a new state_id

    @property
    def place(self):
        return self.id, self.key


@dataclass(frozen=True, eq=False)
class Event:
    c: int
    seq: int
    id: float
    sender: int
    joins: int | None = None
    leaves: int | None = None


class Database(Server):
    """What is committed. A failover goes on from some place of its log of writes."""

    def __init__(self, sim, broken):
        super().__init__(sim, broken)
        self.published = None                               # what is told of each commit
        self.value = 0
        self.log_of_writes = []
        self.clear()

    def clear(self):
        self.floor = self.seen = self.reached = self.kept = 0.0
        self.rows = {user: {} for user in range(USERS)}
        self.log = {c: [] for c in range(CONVERSATIONS)}
        self.times = {}                                     # (user, conversation) -> [[first, last]]
        self.forks = [0.0]                                  # of each incarnation: the horizon that its log held

    @property
    def incarnation(self):
        return len(self.forks) - 1

    def real(self):
        return math.floor(super().real() * 10) / 10         # coarse, so that ids often equal a horizon

    def keep(self, **numbers):
        self.write("numbers", numbers)

    def write(self, kind, value):
        self.log_of_writes.append((kind, value))
        self.apply(kind, value)

    def apply(self, kind, value):
        if kind == "numbers":
            super().keep(**value)
        elif kind == "purge":
            self.kept = value
            for user, rows in self.rows.items():
                self.rows[user] = {k: r for k, r in rows.items() if r.value is not None or r.id >= value}
        else:
            event, rows = value
            if event:
                self.log[event.c].append(event)
                if event.joins is not None:
                    self.times.setdefault((event.joins, event.c), []).append([event, None])
                if event.leaves is not None:
                    self.times[(event.leaves, event.c)][-1][1] = event
            for user, row in rows:
                if row.value is None and row.key[0] == "member" and self.broken == "former":
                    del self.rows[user][row.key]
                else:
                    self.rows[user][row.key] = row

    # ---- reading
    def is_member(self, user, c):
        times = self.times.get((user, c))
        return bool(times) and times[-1][1] is None

    def events(self, user, c):
        for first, last in self.times.get((user, c), ()):
            yield from self.log[c][first.seq - 1:last.seq if last else None]

    def rows_after(self, user, place):
        return sorted((r for r in self.rows[user].values() if r.place > place), key=lambda r: r.place)

    # ---- a writer: begin, mark itself, read the clock, lock, commit, publish
    def transaction(self, keys, build, hold=0.0):
        """Runs a transaction that locks some names. `build` gives its event and rows at the commit."""
        tx, rng = self.begin(), self.sim.rng
        steps = [self.mark_job, self.read_job]
        if self.broken == "early":
            steps.reverse()
        job = dict(tx=tx, keys=keys, build=build, hold=hold, epoch=self.epoch, steps=steps, clock=0.0)
        self.sim.at(rng.expovariate(50), self.step, job)

    def mark_job(self, job):
        self.mark(job["tx"])

    def read_job(self, job):
        job["clock"] = self.read_clock(job["tx"])

    def step(self, job):
        if job["epoch"] != self.epoch:
            return
        rng = self.sim.rng
        job["steps"].pop(0)(job)
        if job["steps"]:
            self.sim.at(rng.expovariate(200) + (rng.random() < 0.1) * 0.5, self.step, job)
        else:
            self.sim.at(rng.expovariate(200), self.wait_for_locks, job)

    def wait_for_locks(self, job):
        if job["epoch"] == self.epoch:
            self.lock(job["keys"], self.locked_now, job)

    def locked_now(self, job):
        if job["epoch"] != self.epoch:
            return
        rng = self.sim.rng
        slow = rng.random() < 0.06                          # a stalled flush
        self.sim.at(job["hold"] or (rng.uniform(1, 6) if slow else rng.expovariate(100)), self.commit, job)

    def commit(self, job):
        if job["epoch"] != self.epoch:
            return
        event, rows = job["build"](job["clock"])
        changed = [(user, row) for user, row in rows if self.id_of(user, row.key) != row.id]
        if event or rows:
            self.write("commit", (event, rows))
        self.end(job["tx"], job["keys"])
        self.published(event, changed)

    def id_of(self, user, key):
        row = self.rows[user].get(key)
        return row and row.id

    # ---- what writers do
    def new_row(self, user, key, clock, value, read=0.0):
        old = self.rows[user].get(key)
        grown = clock if old is None or self.broken == "grow" else max(old.id + TICK, clock)
        return user, Row(key, grown, value, read)

    def new_event(self, c, clock, sender, joins=None, leaves=None):
        last = self.log[c][-1] if self.log[c] else None
        if last is None:
            return Event(c, 1, clock, sender, joins, leaves)
        return Event(c, last.seq + 1, max(last.id + TICK, clock), sender, joins, leaves)

    def change(self, user, keys, hold=0.0):
        """Sets or deletes settings of a user, and mutes, pins or reads conversations, in one transaction."""
        def build(clock):
            rows = []
            for key in keys:
                self.value += 1
                if key[0] == "setting":
                    gone = self.sim.rng.random() < 0.3
                    rows.append(self.new_row(user, key, clock, None if gone else self.value))
                elif self.is_member(user, key[1]):
                    rows.append(self.new_row(user, key, clock, self.value, self.log[key[1]][-1].id))
            return None, rows
        self.transaction([(user, key) for key in keys], build, hold)

    def send(self, user, c, hold=0.0):
        """Sends a message. The sender's read mark moves; the row keeps its state_id."""
        def build(clock):
            if not self.is_member(user, c):
                return None, []
            event = self.new_event(c, clock, user)
            return event, [(user, replace(self.rows[user][("member", c)], read=event.id))]
        self.transaction([c, (user, ("member", c))], build, hold)

    def join(self, user, c, hold=0.0):
        def build(clock):
            if self.is_member(user, c):
                return None, []
            self.value += 1
            row = self.new_row(user, ("member", c), clock, self.value)
            return self.new_event(c, clock, user, joins=user), [row]
        self.transaction([c, (user, ("member", c))], build, hold)

    def leave(self, user, c, hold=0.0):
        """Ends a membership. Its row stays and says so, with a state_id of this transaction."""
        def build(clock):
            if not self.is_member(user, c):
                return None, []
            row = self.new_row(user, ("member", c), clock, None)
            return self.new_event(c, clock, user, leaves=user), [row]
        self.transaction([c, (user, ("member", c))], build, hold)

    def purge(self):
        """Removes rows of deleted things below a base; cursors below it are not resumed any more."""
        self.write("purge", max(self.kept, self.reached - self.sim.rng.uniform(2, 15)))

    # ---- a standby takes over: with all of the log of writes, or without its end
    def failover(self, loses):
        log, forks = self.log_of_writes, self.forks
        upto = max(0, len(log) - self.sim.rng.randint(1, 40)) if loses else len(log)
        self.crash()
        self.clear()
        self.log_of_writes = log[:upto]
        for record in self.log_of_writes:
            self.apply(*record)
        self.forks = [min(fork, self.reached) for fork in forks] + [self.reached]
