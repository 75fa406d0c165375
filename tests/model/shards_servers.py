# SPDX-License-Identifier: MIT
"""The servers of the shards model: conversations on virtual shards, writers, moves, added servers."""
from dataclasses import dataclass

from simulator import TICK, Server, Simulation

CONVERSATIONS, SHARDS = 8, 4   # conversation c is on virtual shard c % SHARDS
AT_FIRST, ADDED = (0, 1), 2    # servers from the beginning, and one that is added


@dataclass(frozen=True, eq=False)
class Event:
    c: int
    seq: int
    id: float
    joins: int | None = None   # the user who is a member from here on


def shard_of(c):
    return c % SHARDS


class Shard(Server):
    """A database server with the log of its conversations."""

    def __init__(self, sim, broken, number):
        super().__init__(sim, broken)
        self.number, self.away, self.version = number, False, 0
        self.owned, self.frozen, self.log = set(), set(), {}

    def answers_for(self, c):
        return shard_of(c) in self.owned or self.broken == "stale" and c in self.log

    def events(self, user, c):
        """Lists the events of a conversation from the one by which the user joined."""
        log = self.log.get(c, [])
        first = next((e.seq for e in log if e.joins == user), None)
        return log[first - 1:] if first else []


class Servers(Simulation):
    """All servers, and the map of virtual shards with its version."""

    def __init__(self, rng, broken):
        super().__init__(rng, broken)
        self.servers = [Shard(self, broken, n) for n in (*AT_FIRST, ADDED)]
        self.map, self.version = {v: v % len(AT_FIRST) for v in range(SHARDS)}, 0
        self.listed = list(AT_FIRST)                        # servers whose horizons count
        self.committed = {c: [] for c in range(CONVERSATIONS)}
        self.processes = []
        for v, n in self.map.items():
            self.servers[n].owned.add(v)
        for c in range(CONVERSATIONS):
            self.servers[self.map[shard_of(c)]].log[c] = []

    # ---- a writer: mark itself, ask whether the shard is here, read the clock, commit, publish
    def write(self, c, joins=None, hold=0.0):
        server = self.servers[self.map[shard_of(c)]]
        job = dict(server=server, c=c, joins=joins, hold=hold, clock=0.0)
        if server.away:
            self.again(job)
            return
        job["tx"] = server.begin()
        steps = [self.mark, self.ask, self.read_clock]
        if self.broken == "ask":
            steps = [self.ask, self.mark, self.read_clock]
        self.at(self.rng.expovariate(50), self.step, job, steps)

    def again(self, job):
        self.at(0.3, self.write, job["c"], job["joins"], job["hold"])

    def step(self, job, steps):
        if steps[0](job) is False:
            job["server"].end(job["tx"])
            self.again(job)
        elif len(steps) > 1:
            self.at(self.rng.expovariate(200) + (self.rng.random() < 0.1) * 0.5, self.step, job, steps[1:])
        else:
            job["server"].lock([job["c"]], self.locked, job)

    def mark(self, job):
        job["server"].mark(job["tx"])

    def ask(self, job):
        server, v = job["server"], shard_of(job["c"])
        return v in server.owned and v not in server.frozen

    def read_clock(self, job):
        job["clock"] = job["server"].read_clock(job["tx"])

    def locked(self, job):
        slow = self.rng.random() < 0.05                     # a stalled flush
        flush = self.rng.uniform(1, 6) if slow else self.rng.expovariate(100)
        self.at(job["hold"] or flush, self.commit, job)

    def commit(self, job):
        server, c = job["server"], job["c"]
        log = server.log.setdefault(c, [])
        if job["joins"] is None or not any(e.joins == job["joins"] for e in log):
            last = log[-1] if log else None
            grown = max(last.id + TICK, job["clock"]) if last and self.broken != "last" else job["clock"]
            event = Event(c, last.seq + 1 if last else 1, grown, job["joins"])
            before = len(self.committed[c])
            if event.seq != before + 1:
                self.fault(f"conversation {c}: seq {event.seq} after {before} was committed")
            log.append(event)
            self.committed[c].append(event)
            for process in self.processes:
                if self.rng.random() < 0.8:
                    self.at(self.rng.expovariate(20), process.hear, c)
        server.end(job["tx"], [c])

    # ---- a virtual shard moves: freeze, wait, catch up, switch
    def move(self, v, to):
        old, new = self.servers[self.map[v]], self.servers[to]
        if old is new or old.frozen or to not in self.listed:
            return
        if old.away or new.away:
            self.at(1, self.move, v, to)
            return
        copied = {c: list(log) for c, log in old.log.items() if shard_of(c) == v}
        old.frozen.add(v)
        above = max([old.clock(), *(old.marks.values() if self.broken != "marks" else ())])
        self.at(0.05, self.wait, v, old, new, above, copied)

    def wait(self, v, old, new, above, copied):
        if old.away or new.away or self.broken != "wait" and old.horizon() <= above:
            self.at(0.1, self.wait, v, old, new, above, copied)
            return
        if self.broken != "catch":
            copied = {c: list(log) for c, log in old.log.items() if shard_of(c) == v}
        self.version += 1
        old.owned.discard(v)
        old.frozen.discard(v)
        new.owned.add(v)
        new.log.update(copied)
        self.map[v] = new.number
        if self.broken not in ("stale", "version"):
            old.version = new.version = self.version
        for process in self.processes:
            self.at(self.rng.uniform(0, 10), process.learn)
        if self.rng.random() < 0.3 or self.broken in ("version", "moved"):
            server = old if self.broken == "version" or self.rng.random() < 0.5 else new
            self.at(self.rng.choice((0, 1)) * self.rng.random(), self.cut_off, server, self.rng.uniform(1, 6))

    def set_back(self, v, seconds):
        self.servers[self.map[v]].offset -= seconds

    def cut_off(self, server, seconds):
        """Nothing reaches a server for a while. Its transactions go on."""
        server.away = True
        self.at(seconds, setattr, server, "away", False)

    # ---- a server is added: count its horizon everywhere, raise its floor, then give it shards
    def add(self, number, shards):
        self.listed = [*self.listed, number]
        for process in self.processes:
            self.at(self.rng.uniform(0, 10), process.learn)
        self.at(0.1, self.added, number, shards)

    def added(self, number, shards):
        new, others = self.servers[number], [s for s in self.servers if s.number != number]
        counted = all(number in p.servers for p in self.processes)
        if not counted and self.broken != "listed" or any(s.away for s in others):
            self.at(0.1, self.added, number, shards)
            return
        if self.broken != "raise":
            floor = max(new.clock(), *(s.reached for s in others))
            new.keep(floor=floor, seen=new.real())
        for i, v in enumerate(shards):
            self.at(4 + 4 * i, self.move, v, number)
