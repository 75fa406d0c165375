#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A model of the cursor over several database servers, of which each has a clock and a horizon.

Servers are not in the code yet. Random runs of writers on servers with skewed clocks, a clock that
goes back, servers that are away, virtual shards that move, a server that is added, lost
notifications, sweeps, cuts, restarts and resumes. runner.py has the command line.

Terms (docs/events.md, section 14, has horizon, mark, floor, base, exception, sweep)
    server      a database server; its ids come from its own clock, floor and horizon
    shard       a virtual shard: conversations that are on one server together
    map         which shard is on which server, and which servers there are; it has a version
    away        not to be reached; transactions that are open there go on and may commit
    swept       of a server: a horizon below which a process has sent all of that server's events

Rules of the base. In brackets: the name by which --break leaves the rule out.
 1. A cursor has one base. It is not above the horizon of any server in the map. [greatest, local]
 2. A server that is away counts with its last swept horizon, and with 0 where a process knows
    none. So the base stands while a server is away. [away]
 3. The horizon of a server is swept when the heads of its conversations were read after it. The
    base of a stream rises to the least of the swept horizons. [sweep]
 4. The base of a stream stands until its replay has read every server. A server that was away is
    read when it is back, by a replay of the same kind. [partial]
 5. A page of a replay takes its events from all servers together, in the order of (id,
    conversation). The limit is applied after the merge. [merge]
 6. An exception is for a conversation, whatever server it is on: the order of ids in a
    conversation goes on through a move (rule 10).
 7. Each server keeps the rules of one server: marks hold its horizon, and a floor holds its clock
    when that is set back. [horizon, floor]

Rules of a move. It freezes a shard on the old server, waits, copies the rest, and switches.
 8. A writer marks itself first, and asks afterwards whether its shard is there and not frozen.
    If not, the writer ends and begins again by the new map. [ask]
 9. The move notes the clock and all marks of the old server when the shard is frozen. It waits
    until the old server's horizon is above all of them: then no earlier writer is open. The clock
    alone is not enough, because a mark may be above it when the clock was set back. [wait, marks]
    The rest is copied after that wait. [catch]
10. An id is greater than the last one of its conversation, also when the clock of the new server
    is behind that of the old one. [last]
11. Both servers know the new version of the map from the switch on, and tell it with each answer.
    A round or a page with an older map is void, as a whole. [stale]
    That the old server refuses is not enough: it may be away after the switch, and the new one
    would be swept without the shard. [version]
12. When a process learns that a shard has moved, the new server counts as swept no further than
    the old one was. Events that the old server had, and that were not sent, are now on the new one
    below its swept horizon; it may be away before it is read again. [moved]
Ids stay above all bases already given by these: each base was at most the horizon of the new
server (rule 1), and the new server's ids are at or above its horizon.

Rules of an added server
13. Every process counts the horizon of a server before it gets its first shard. A round under way
    is void when a process learns of the server. [listed]
14. After that, and before the first shard, the floor of the new server is raised to the greatest
    horizon that any server has reached. Bases given before rule 13 was fulfilled may be as high as
    that. [raise]
A server that was removed from the map is added as a new one.

Invariants
    1. Each device receives each event of its conversations once, in the order of seq.
    2. No conversation has two events of one seq, through all moves.
    3. When nothing is written any more and all servers are back, each device with an open stream
       has all events, and so has each device that is cut and resumed.

What follows from the rules
    - The base is behind by as much as the slowest clock. A clock that is set back by an hour goes
      on at half the pace for two hours, and at the end the base is an hour behind. A cursor has
      room for 39 exceptions; a device that receives events of more conversations in that time
      gets some again after a resume. So clocks must be kept together, and their difference
      measured.
    - A process that restarts while a server is away raises no base until it is back.
    - A list of the servers in one place (stream_horizons on the proxy) fulfils rule 13 only when
      no process uses an answer from before the list was changed.

Not modelled: places of reading and passes (a place would need a snapshot of each server),
failovers (an incarnation would be one of each server), rows of state (state_model.py), leaving.
"""
import random

import runner
from base_cursor import Cursor
from shards_servers import ADDED, AT_FIRST, CONVERSATIONS, SHARDS, Servers, shard_of

BREAKS = {
    "greatest": "the base follows the greatest of the horizons",
    "local": "the base follows the horizon of the first server alone",
    "away": "the base follows the servers that answer",
    "partial": "the base rises, though the replay has not read a server that is away",
    "merge": "a page takes its number of events from each server, and not of all together",
    "sweep": "the base follows the horizons, though the heads were not read",
    "horizon": "a horizon does not wait for marked writers",
    "floor": "a server's clock goes back and no floor holds it",
    "last": "an id is the clock of the new server, though the conversation has a greater one",
    "wait": "a shard moves, though a writer of the old server may still commit",
    "marks": "a move waits for the clock of the old server only, not for its marks",
    "ask": "a writer asks first whether the shard is there, and marks itself afterwards",
    "catch": "a shard moves before all of it is copied",
    "stale": "the old server goes on to answer for a shard that has moved, and nobody tells of it",
    "version": "the old server refuses, and no other tells the version of the map",
    "moved": "a server counts as swept, though a shard has come to it since",
    "listed": "an added server gets shards before all processes count its horizon",
    "raise": "the floor of an added server is not raised",
}

USERS, PAGE = 5, 3
WRITES, CALM = 25.0, 35.0      # seconds: when changes end, when faults end
SETTLE, RESUME = 20.0, 20.0    # seconds until all have found what was lost; until all have resumed


class World(Servers):
    def __init__(self, rng, broken):
        super().__init__(rng, broken)
        self.calm = False
        self.processes = [Process(self), Process(self)]
        self.devices = [Device(self, user) for user in range(USERS)]


class Process:
    """A process of push: its copy of the map, its streams, its sweep."""

    def __init__(self, w):
        self.w, self.streams, self.round = w, [], 0
        self.servers, self.map, self.version = list(w.listed), dict(w.map), w.version
        self.horizons, self.swept = {}, {}                  # by server: last read; swept up to it
        w.at(w.rng.uniform(0, 1), self.sweep)

    def learn(self):
        """Reads the map and the list of servers. A round under way is void."""
        w = self.w
        if (self.version, self.servers) != (w.version, w.listed):
            swept = dict(self.swept)
            for v, to in w.map.items():
                if to != self.map[v] and w.broken != "moved":
                    least = min(swept.get(to, 0.0), swept.get(self.map[v], 0.0))
                    self.swept[to] = min(least, self.swept.get(to, 0.0))
            self.servers, self.map, self.version = list(w.listed), dict(w.map), w.version
            self.round += 1

    def restart(self):
        self.end_streams()
        self.horizons, self.swept = {}, {}
        self.round += 1

    def end_streams(self):
        for stream in list(self.streams):
            stream.cut()

    def least(self, by_server, answering):
        """Returns the base that the horizons of all servers allow, 0 when one is unknown."""
        known = [by_server.get(n, 0.0) for n in self.servers]
        if self.w.broken == "greatest":
            return max(known)
        if self.w.broken == "local":
            return known[0]
        if self.w.broken == "away":
            known = [by_server.get(n, 0.0) for n in answering]
        return min(known, default=0.0)

    def read(self, number, user):
        """Reads a user's events from a server: None when it is away, False when the map is old."""
        server = self.w.servers[number]
        if server.away:
            return None
        if server.version > self.version:
            self.learn()
            return False
        events = []
        for c in range(CONVERSATIONS):
            if self.map[shard_of(c)] == number:
                if not server.answers_for(c):
                    self.learn()
                    return False
                events += server.events(user, c)
        return events

    def hear(self, c):
        for stream in list(self.streams):
            stream.catch_up(self.map[shard_of(c)], c)

    def sweep(self):
        w = self.w
        self.round += 1
        now = {n: w.servers[n].horizon() for n in self.servers if not w.servers[n].away}
        self.horizons.update(now)
        if w.broken == "sweep":
            for stream in self.streams:
                if not stream.unread:
                    stream.cursor.rebase(self.least(self.horizons, now))
        there = [s for s in self.streams if not s.opening]
        w.at(w.rng.uniform(0.1, 0.8), self.sweep_rest, now, there, self.round)
        w.at(1.0 + w.rng.random() * 0.2, self.sweep)

    def sweep_rest(self, now, there, number):
        if number != self.round:
            return
        read = [n for n in now if all([s.catch_up(n) for s in list(self.streams)])]
        if number != self.round:                            # a server has told of another map
            return
        self.swept.update({n: now[n] for n in read})
        base = self.least(self.swept, read)
        for stream in list(self.streams):
            if stream in there and not stream.opening and not stream.unread:
                stream.cursor.rebase(base)
            stream.read_what_was_away()


class Stream:
    def __init__(self, process, device):
        self.w, self.process, self.device, self.cursor = process.w, process, device, device.cursor.copy()
        self.opening, self.unread = True, set()
        process.streams.append(self)
        self.again()

    @property
    def is_open(self):
        return self.device.stream is self

    def again(self):
        self.opening = True
        self.w.at(self.w.rng.expovariate(8), self.page)

    def page(self):
        """Sends the first missed events of all servers, in the order of ids."""
        if not self.is_open:
            return
        process, w = self.process, self.w
        pages, self.unread = {}, set()
        for n in process.servers:
            events = process.read(n, self.device.user)
            if events is False:
                self.again()
                return
            if events is None:
                self.unread.add(n)
            else:
                missed = sorted((e for e in events if not self.cursor.covers(e)), key=lambda e: (e.id, e.c))
                pages[n] = missed[:PAGE + 1]
        each = PAGE if w.broken == "merge" else PAGE + 1
        merged = sorted((e for page in pages.values() for e in page[:each]), key=lambda e: (e.id, e.c))
        more = any(len(page) > PAGE for page in pages.values()) if w.broken == "merge" else len(merged) > PAGE
        if w.broken in ("partial", "away"):
            self.unread = set()
        base = 0.0 if self.unread else process.least(process.horizons, pages)
        for event in merged if w.broken == "merge" else merged[:PAGE]:
            self.cursor.rebase(min(event.id, base))
            self.event(event)
            if w.rng.random() < 0.03 and not w.calm:
                self.cut()
                return
        if more:
            self.again()
            return
        self.cursor.rebase(base)
        self.opening = False

    def read_what_was_away(self):
        if not self.opening and any(not self.w.servers[n].away for n in self.unread):
            self.again()

    def catch_up(self, number, c=None):
        """Sends what a server has for this stream. Returns whether the server has answered."""
        events = self.process.read(number, self.device.user)
        if self.opening or not events:
            return events not in (None, False)
        if number not in self.unread:
            for event in sorted(events, key=lambda e: e.seq):
                if c in (None, event.c) and not self.cursor.covers(event):
                    self.event(event)
        return True

    def event(self, event):
        self.cursor.advance(event)
        self.device.take(event)
        self.device.cursor = self.cursor.copy()

    def cut(self):
        if self.is_open:
            self.process.streams.remove(self)
            self.device.stream = None
            long = self.w.rng.random() < 0.15 and not self.w.calm
            self.w.at(self.w.rng.uniform(2, 15) if long else self.w.rng.expovariate(2), self.device.connect)


class Device:
    def __init__(self, w, user):
        self.w, self.user, self.cursor, self.stream, self.last = w, user, Cursor(), None, {}
        w.at(w.rng.random(), self.connect)

    def connect(self):
        w = self.w
        self.stream = Stream(w.rng.choice(w.processes), self)
        if not w.calm:
            w.at(w.rng.expovariate(0.2), self.stream.cut)

    def take(self, event):
        last = self.last.get(event.c)
        if event.seq != (last + 1 if last else event.seq) or not last and event.joins != self.user:
            self.w.fault(f"user {self.user}, conversation {event.c}: seq {event.seq} after {last}")
        self.last[event.c] = event.seq

    def check(self, when):
        for c, log in self.w.committed.items():
            joined, last = any(e.joins == self.user for e in log), self.last.get(c, 0)
            if joined and last != log[-1].seq:
                self.w.fault(f"user {self.user}, {when}: conversation {c} ends at {last} of {log[-1].seq}")


def plan(w, rng):
    """Some 200 events in 25 seconds, and in each run some of what may go wrong."""
    often = lambda chance, *names: rng.random() < chance or w.broken in names
    for server in w.servers:
        server.offset = rng.uniform(-4, 4)
    if often(0.3, "listed", "raise"):
        w.servers[ADDED].offset = -rng.uniform(5, 60)       # the clock of the added server is behind
    for c in range(CONVERSATIONS):
        for user in range(USERS):
            if c < 2 or rng.random() < 0.6:
                w.at(0.01 * c, w.write, c, user)
    t = 0.5
    while t < WRITES:
        t += rng.expovariate(8)
        hold = rng.uniform(5, 20) if rng.random() < 0.01 else 0.0
        c = min(rng.randrange(CONVERSATIONS), rng.randrange(CONVERSATIONS)) # some are quiet for seconds
        w.at(t, w.write, c, rng.randrange(USERS) if rng.random() < 0.1 else None, hold)
    if often(0.4, "floor"):
        w.at(rng.uniform(3, 20), setattr, rng.choice(w.servers), "offset", -rng.uniform(5, 3600))
    for _ in range(5 if w.broken == "marks" else often(0.1)):
        # A writer stalls, the clock is set back, and the shard moves.
        t, v = rng.uniform(2, WRITES), rng.randrange(SHARDS)
        w.at(t, w.write, v, None, rng.uniform(3, 10))
        w.at(t + 0.3, w.set_back, v, rng.uniform(1, 60))
        w.at(t + 0.4, w.move, v, rng.choice(AT_FIRST))
    if often(0.6, "wait", "ask", "catch", "stale", "version", "last", "moved"):
        for _ in range(4):
            w.at(rng.uniform(2, WRITES), w.move, rng.randrange(SHARDS), rng.choice(AT_FIRST))
    if often(0.5, "away", "partial", "version"):
        for _ in range(3):
            w.at(rng.uniform(2, WRITES), w.cut_off, rng.choice(w.servers), rng.uniform(0.2, 8))
    if often(0.5, "listed", "raise"):
        w.at(rng.uniform(3, 12), w.add, ADDED, rng.sample(range(SHARDS), 2))
    if often(0.3):
        w.at(rng.uniform(2, WRITES), rng.choice(w.processes).restart)


def quiet(w):
    for server in w.servers:
        server.away = False
    check_open(w, "connected")
    for process in w.processes:
        process.end_streams()


def check_open(w, when):
    for device in w.devices:
        if device.stream and not device.stream.opening:
            device.check(when)


def run(seed, broken=None):
    rng = random.Random(seed)
    w = World(rng, broken)
    plan(w, rng)
    w.at(CALM, setattr, w, "calm", True)
    w.run_until_ended(CALM, w.servers)
    w.run(w.now + SETTLE)
    quiet(w)
    w.run(w.now + RESUME)
    if not w.faults:
        check_open(w, "resumed")
        for device in w.devices:
            if not device.stream or device.stream.opening:
                w.fault(f"user {device.user} is not connected")
    return w.faults


if __name__ == "__main__":
    runner.main("shards", run, BREAKS)
