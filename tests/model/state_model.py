#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A model of state events: the last value of things that belong to one user, on all devices.

State is what follows its user: read mark, mute, draft, profile. It is not in the code yet.
Random runs of writers, clocks, crashes, failovers, lost and late notifications, sweeps, cuts,
resumes and `GET /v1/sync`. runner.py has the command line.

Terms (docs/events.md, section 14, has horizon, mark, floor, base, exception, incarnation, sweep)
    row         the current value of one thing of a user, with its state_id
    deleted     a row without a value; it says that the thing is deleted
    base        part of a cursor: its device has all events and all rows below it
    pass        the reading of all rows of a user from a base, in the order of (state_id, key)
    end         of a pass: the horizon that was known before its first page
    live row    a row that a notification or the sweep brings to a stream

Rules of writers. In brackets: the name by which --break leaves the rule out.
 1. A transaction marks itself before it reads the clock for a state_id. [early]
 2. A state_id is greater than the one that the row had: greatest(old + 1, clock), under the lock
    of the row. The clock alone may be less: its reader may have waited for the lock, or the clock
    was ahead before. [grow]
 3. What is deleted leaves its row, without a value and with a new state_id. So does a membership
    that ends. One that begins again goes on from that row. [former]
 4. Rows of deleted things are removed together with the log: below a base that is refused as
    expired. A pass and a sweep compare it at each page, in the snapshot of the page. [purge]
 5. A user's own message moves the read mark and needs no new state_id: the device takes the mark
    from the message. An event by which the user joins sets that mark back. [own]

Rules of a resume, the same for a stream and for GET /v1/sync
 6. A stream joins its user's channel first and reads the rows afterwards. [join]
 7. A pass sends each row with a state_id at or above the base. [edge]
 8. All rows are sent before the first page of the log, because that page moves the base. [first]
 9. The end of a pass is a horizon from before its first page. [end]
10. Until the replay is complete, the base rises to that end at most. [cap]
11. The place of a pass is (state_id, key): rows of one transaction share a state_id. [ties]
12. The place is not part of the cursor. A stream keeps it in memory; a reply of GET /v1/sync has it
    beside the cursor, for the next request only. A client that was cut begins the pass again.
    Rows that committed meanwhile below the place would be left out. [place]
13. A state event has no cursor and moves no base. [advance]
14. The cursor of a snapshot says that all rows are still to be sent. [all]

Rules of live rows
15. A round of the sweep reads the rows at or above the horizon of the last complete round, for the
    users of its streams. The bases rise after that: a notification may have been lost. [sweep]
16. A round that failed is not complete. [round]
17. A stream drops a live row below its base or below the end of its pass. So a device may forget
    deleted rows when it opens a stream: no older value can come after it. [forget]

Rules of devices
18. A device takes a row if and only if its state_id is greater than the one that it has. [arrival]
19. The log does not touch rows: a row tells the end of its membership. The row of a membership
    that began again may come before the event that ended the first one. [clear]

Rules of a failover
20. The resume of a cursor of an earlier incarnation begins with state.reset: the device drops its
    rows, and all rows are sent. It may have a row that was lost, and nobody knows which. [reset]
21. A notification names its incarnation. A process drops one of an earlier incarnation. [late]

Invariants, when nothing is written any more and all transactions have ended
    1. Each device with an open stream has exactly the rows of the database, and all events.
    2. So has each device that is cut and resumed, by one stream or by one chain of replies of
       GET /v1/sync, without any other call.

What the model adds to "send the rows at or above the base before the replay ends"
    - Rules 2, 8, 10, 12, 15, 17, 20 and 21. A run finds a fault without each of them.
    - Tried instead of rule 12: the place in the cursor, and a second pass after a pass that an
      earlier request began. It is exact, but a chain of replies may not end: more rows than a page
      lie above the horizon when a clock was ahead.
    - A thing that can be deleted keeps its row. Of a membership that is a state_id in
      former_members; a pass reads live memberships and former ones.
    - A sweep and a pass read by user and state_id, so each table of rows needs that index.
    - After a failover all devices are sent all rows.
    - A resume repeats what lies above the horizon. So repeated rows alone must not answer a
      long-poll, or it would be answered at once until the horizon has passed them.

Not modelled: long-poll, a cursor without room (cursor_model.py), and streams that stay open
through a failover. Such a stream would have to do as rule 20 says.
"""
import random

import runner
from simulator import Simulation
from state_database import CONVERSATIONS, SETTINGS, USERS, Database
from state_streams import DEVICES, Device, Push

BREAKS = {
    "early": "the id is read before the transaction is marked",
    "grow": "an id is the clock, though the row may have a greater one",
    "edge": "a resume sends the rows above the base, not those at it",
    "arrival": "a device applies by arrival, not by the greatest id",
    "join": "the rows are read before the channel is joined",
    "former": "an ended membership leaves no row",
    "clear": "a device drops a row when the log says that the membership ended",
    "forget": "a stream passes on what is below its base, though devices forget deleted things",
    "advance": "a state event moves the base",
    "sweep": "the sweep raises the base and reads no rows",
    "round": "the sweep reads from the last horizon, though that round has failed",
    "first": "the log is replayed first, and its pages raise the base",
    "cap": "a page of the log raises the base above the end of the pass over the rows",
    "end": "a pass ends at the horizon of its last page, not of its first",
    "ties": "the place of a pass is an id alone, though rows of one transaction share it",
    "all": "a snapshot's cursor asks for the rows from its base only",
    "place": "a sync that was cut goes on from the place that it had",
    "own": "a device does not learn its read mark from its own messages",
    "reset": "after a failover a device keeps the rows that it has",
    "late": "a notification of an earlier incarnation is believed",
    "purge": "rows of deleted things are removed before the cursors that need them expire",
}

WRITES, CALM = 25.0, 26.0      # seconds: when changes end, when faults end
SETTLE, RESUME = 40.0, 30.0    # seconds until all that is late has arrived; until all have resumed


class World(Simulation):
    def __init__(self, rng, broken):
        super().__init__(rng, broken)
        self.db = Database(self, broken)
        self.db.published = self.published
        self.calm = self.quiet = False                      # no more faults; no more writers either
        self.asleep = []                                    # devices that connect when all is quiet
        self.pushes = [Push(self), Push(self)]
        self.devices = [Device(self, user, n) for user in range(USERS) for n in range(DEVICES)]

    def published(self, event, rows):
        """Notifies the processes of a commit; some notifications are lost, late or repeated."""
        rng = self.rng
        for push in self.pushes:
            if event and rng.random() < 0.8:
                self.at(self.delay(), push.hear_event, event.c)
            for user, row in rows:
                for _ in range(rng.choice((0, 0, 1, 1, 1, 2))):
                    self.at(self.delay(), push.hear_row, user, row, self.db.incarnation)

    def delay(self):
        late = self.rng.random() < (0.6 if self.broken == "late" else 0.15)
        return self.rng.uniform(0.5, 15) if late else self.rng.expovariate(20)

    def missed(self, user, cursor):
        events = (e for c in range(CONVERSATIONS) for e in self.db.events(user, c))
        return sorted((e for e in events if not cursor.covers(e)), key=lambda e: (e.id, e.c))

    def keeps(self, base):
        """Whether the rows of all things that were deleted at or above a base are still there."""
        return base >= self.db.kept or self.broken == "purge"

    def resumes(self, cursor):
        """Whether a cursor is resumed: nothing that it may need was removed, and what it covers is there."""
        db = self.db
        if not self.keeps(cursor.base):
            return False
        if cursor.incarnation == db.incarnation:
            return True
        fork = min(db.forks[cursor.incarnation + 1:])
        return cursor.base <= fork and all(any(e.id == i for e in db.log[c]) for c, i in cursor.exc.items())

    def fail_over(self, loses):
        self.db.failover(loses)
        for push in self.pushes:
            push.database_is_another()


def plan(w, rng):
    """Some 150 changes in 25 seconds, and in each run some of what may go wrong."""
    db, broken = w.db, w.broken
    for user in range(USERS):
        for c in range(CONVERSATIONS):
            w.at(0.01 * c, db.join, user, c)
    keys = [("member", c) for c in range(CONVERSATIONS)] + [("setting", n) for n in range(SETTINGS)]
    t = 0.5
    while t < WRITES:
        t += rng.expovariate(6)
        user, c, what = rng.randrange(USERS), rng.randrange(CONVERSATIONS), rng.random()
        hold = rng.uniform(5, 30) if rng.random() < 0.01 else 0.0
        if what < 0.5:
            w.at(t, db.change, user, rng.sample(keys, rng.choice((1, 1, 1, 4))), hold)
        elif what < 0.75:
            w.at(t, db.send, user, c, hold)
        elif what < 0.87:
            w.at(t, db.leave, user, c, hold)
        else:
            w.at(t, db.join, user, c, hold)
    often = lambda chance, *names: rng.random() < chance or broken in names
    if often(0.3, "edge"):                                  # the clock is set back
        w.at(rng.uniform(2, WRITES - 5), setattr, db, "offset", -rng.uniform(5, 3600))
    elif often(0.3, "grow"):                                # it is ahead, and right again after a crash
        begins = rng.uniform(2, WRITES - 5)
        w.at(begins, setattr, db, "offset", rng.choice((20.0, 3600.0, 6e7)))
        back = begins + rng.choice((0.3, 4))
        w.at(back, db.crash)
        w.at(back, setattr, db, "offset", 0.0)
    if often(0.3):
        w.at(rng.uniform(2, WRITES), db.crash)
    if often(0.3):
        w.at(rng.uniform(2, WRITES), rng.choice(w.pushes).crash)
    if often(0.3, "purge"):
        w.at(rng.uniform(10, WRITES), db.purge)
    for _ in range(4 if broken == "late" else often(0.3, "reset")):
        w.at(rng.uniform(5, WRITES), w.fail_over, rng.random() < 0.7 or broken is not None)


def check_open(w, when):
    for device in w.devices:
        if device.stream and not device.stream.opening:
            device.check(when)


def quiet(w):
    w.quiet = True
    check_open(w, "connected")
    for push in w.pushes:
        push.end_streams()
    for device in w.asleep:
        w.at(w.rng.random(), device.connect)


def run(seed, broken=None):
    rng = random.Random(seed)
    w = World(rng, broken)
    plan(w, rng)
    w.at(CALM, setattr, w, "calm", True)
    w.run_until_ended(CALM, [w.db])
    w.run(w.now + SETTLE)
    quiet(w)
    w.run(w.now + RESUME)
    if not w.faults:
        check_open(w, "resumed")
        for device in w.devices:
            if device.number < DEVICES - 1 and (not device.stream or device.stream.opening):
                w.fault(f"{device} is not connected")
    return w.faults


if __name__ == "__main__":
    runner.main("state", run, BREAKS)
