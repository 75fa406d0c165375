#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A model of the cursor: one database server, streams, and clients that must miss nothing.

Random runs of writers, clocks, failovers, lost notifications, sweeps, cuts and resumes.
runner.py has the command line. docs/events.md, section 14, has the terms and says why the rules
are right; simulator.py has the rules of the clock.

Rules of the horizon. In brackets: the name by which --break leaves the rule out.
 1. A writer marks itself first and reads the clock afterwards. [mark]
 2. The horizon is not above the mark of an open writer. [horizon]
    A transaction without a mark does not hold it. [foreign]
 3. The clock never goes below the floor. It goes on at half the pace when it was set back, and is
    not believed when it is more than 31 days ahead. [floor, pace, bound]

Rules of the cursor
 4. It has a base and exceptions by conversation, not the greatest id. [naive]
 5. The base is exclusive. [edge]
 6. The base rises to a horizon that was read before a completed sweep. [sweep]
    The sweep looks for new memberships too. [members]
 7. In a replay, a cursor without room for an exception gets a place of reading. [position]
    It covers what the snapshot of its page sees, and nothing that commits later. [late]
 8. A pass gives what is below its end only. Its end is the horizon of its first page, and becomes
    the base when the pass is complete. [end, pass]

Rules of a stream
 9. It subscribes first, reads what was missed, and then takes what came meanwhile. [splice]
10. It skips what its cursor covers and what its own replay has sent. [behind]
11. It ends for a conversation with the event that removes its user. [leaver]

Rules of a failover
12. A cursor of an earlier incarnation is resumed when the database is proven to have all that it
    covers, and otherwise reset. [incarnation]
    Its base, its pass and its places are below the horizon of the failover, and nothing was
    dropped. [reach] Each exception is an event that exists. [unproven]
13. A stream that stays open needs the same proof for all that its replay sent. [replayed]
14. A failover that lost nothing resets nothing. [harsh]

Invariants
    1. Each client receives each event of its memberships once, in the order of seq, or a reset
       that says so. An event may repeat where a cursor had no room.
    2. After all of it each client has what the database has, and nothing else.
    3. Ids stay near the time, and time does not stand in a busy conversation.
MODEL_EXCEPTIONS is the number of exceptions of a cursor, 5 without it.
"""
import random

import runner
from cursor_database import CONVERSATIONS, World
from cursor_streams import Client, Push

BREAKS = {
    "naive": "resume at the largest id that was seen",
    "horizon": "the horizon does not wait for marked writers",
    "mark": "a writer reads the clock first and marks itself afterwards",
    "foreign": "every open transaction holds the horizon, marked or not",
    "sweep": "a base is the horizon now, without a completed sweep",
    "floor": "the clock steps back and no floor holds it",
    "pace": "the floor does not advance while the clock is behind it",
    "bound": "the floor is raised however far ahead the clock is",
    "splice": "replay first, register for live events afterwards",
    "edge": "the base is taken as up to and including",
    "behind": "a stream takes what the hub repairs late, though its replay had it already",
    "position": "a cursor that is full drops exceptions and has no place of reading",
    "late": "the place of reading covers all below it, whoever committed it when",
    "end": "a pass returns what is above its end too",
    "pass": "a pass ends at the horizon of its last page, not at the one that it began with",
    "members": "the sweep does not look for memberships",
    "leaver": "a stream goes on after its user has left",
    "incarnation": "a database that lost its last events takes every cursor",
    "reach": "after a failover only the base is looked at, not a pass, places of reading, dropped ids",
    "unproven": "after a failover only the base is looked at, not the exceptions",
    "replayed": "after a failover only what notifications brought is looked at, not what replays gave",
    "harsh": "after a failover every cursor is refused, though nothing was lost",
}

CLIENTS = 5


def plan(w, rng):
    """300 events in 30 s, memberships that come and go, and in each run some of what may go wrong."""
    for c in range(CONVERSATIONS):
        w.at(0.001 * c, w.begin, c, [k for k in range(CLIENTS) if c < 2 or rng.random() < 0.8])
    t = 0.5
    for i in range(300):
        t += rng.expovariate(10)
        c = CONVERSATIONS - 1 if i % 75 == 0 else rng.randrange(CONVERSATIONS - 1)
        moves = rng.random()
        who = rng.randrange(CLIENTS)
        w.at(t, w.begin, c, [who] if moves < 0.06 else None, who if 0.06 <= moves < 0.1 else None)
    half = t / 2
    if rng.random() < 0.5 or w.broken in ("floor", "pace"):
        w.at(half, setattr, w.server, "offset", -rng.uniform(5, 3600))
        for i in range(8):                                  # somebody writes now and then, for minutes
            w.at(t + 20 * i, w.begin, 0)
    elif rng.random() < 0.4 or w.broken == "bound":
        w.at(half, setattr, w.server, "offset", 6e7)
        w.at(half + 4, setattr, w.server, "offset", 0.0)
    if rng.random() < 0.5 or w.broken == "foreign":
        w.at(rng.uniform(0, t), w.foreign, 1000)
    if rng.random() < 0.5 or w.broken in ("late", "position"):
        at, c = rng.uniform(0.2, 0.8) * t, rng.randrange(CONVERSATIONS - 1)
        w.at(at, w.begin, c, None, None, rng.uniform(10, 100))
    failing = w.broken in ("incarnation", "unproven", "harsh")
    if rng.random() < 0.5 or failing:
        loses = w.broken != "harsh" if failing else rng.random() < 0.6
        w.at(rng.uniform(0.3, 0.9) * t, w.failover, loses)
    if w.broken == "replayed":
        for _ in range(8):
            w.at(rng.uniform(0.1, 0.9) * t, w.failover, True)
    return t


def run(seed, broken=None):
    rng = random.Random(seed)
    w = World(rng, broken)
    w.processes = [Push(w), Push(w)]
    w.clients = [Client(w, n) for n in range(CLIENTS)]
    stop = plan(w, rng) + 240
    settled = {}
    w.at(stop - 40, lambda: settled.update({c: w.db.seq(c) for c in range(CONVERSATIONS)}))
    w.run(stop)
    for k in w.clients if not w.faults else ():
        check_end(w, k, settled)
    return w.faults


def check_end(w, k, settled):
    for c in range(CONVERSATIONS):
        mine = [e for e in w.db.of(k.number, c) if e.seq <= settled[c]]
        last = k.seen.get(c)
        has = last.seq if last else 0
        if mine and has < mine[-1].seq:
            w.fault(f"client {k.number}, conversation {c}: has {has} of {mine[-1].seq}")
        there = {id(e) for e in w.db.log[c]}
        if any(id(e) not in there for e in k.all.get(c, ())):
            w.fault(f"client {k.number}, conversation {c}: has an event that the database has not")
    if w.broken == "foreign" and k.cursor.base < w.db.floor - 200:
        w.fault(f"client {k.number}: the base has stood for {w.db.floor - k.cursor.base:.0f} s")


if __name__ == "__main__":
    runner.main("cursor", run, BREAKS)
