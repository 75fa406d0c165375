# SPDX-License-Identifier: MIT
"""The state model's processes, streams, replies of GET /v1/sync, and devices."""
from dataclasses import dataclass

import base_cursor
from state_database import CONVERSATIONS

DEVICES, PAGE = 3, 2           # devices of a user, the last one has no streams; the size of a page
ALL = ("~",)                   # a key after every key


@dataclass
class Cursor(base_cursor.Cursor):
    """Below the base all rows were sent too."""
    incarnation: int = 0
    all: bool = False          # a pass over all rows is under way, not only over those from the base


class Push:
    """A process with streams. Every second it sweeps: horizon first, then the log and the rows."""

    def __init__(self, w):
        self.w, self.streams, self.horizon, self.swept, self.round = w, [], 0.0, 0.0, 0
        w.at(w.rng.uniform(0, 1), self.sweep)

    def end_streams(self):
        for stream in list(self.streams):
            stream.cut()

    def database_is_another(self):
        self.end_streams()
        self.round += 1
        fork = self.w.db.forks[-1]
        self.horizon, self.swept = fork, min(self.swept, fork)

    def crash(self):
        self.end_streams()
        self.round += 1
        self.horizon = self.swept = self.w.db.horizon()

    def hear_event(self, c):
        for stream in list(self.streams):
            stream.catch_up(c)

    def hear_row(self, user, row, incarnation):
        if incarnation != self.w.db.incarnation and self.w.broken != "late":
            return
        for stream in list(self.streams):
            if stream.device.user == user:
                stream.live(row)

    def sweep(self):
        w = self.w
        self.horizon, self.round = w.db.horizon(), self.round + 1
        there = [s for s in self.streams if s.joined and not s.opening]
        w.at(w.rng.uniform(0.1, 0.8), self.sweep_rest, self.horizon, there, self.round)
        w.at(1.0 + w.rng.random() * 0.2, self.sweep)

    def sweep_rest(self, horizon, there, number):
        w, failing = self.w, 0.5 if self.w.broken == "round" else 0.2
        if number != self.round or w.rng.random() < failing and not w.calm:
            if w.broken == "round":
                self.swept = horizon
            return
        if not w.keeps(self.swept):
            self.end_streams()
        for stream in list(self.streams):
            for c in range(CONVERSATIONS):
                stream.catch_up(c)
            if w.broken != "sweep":
                for row in w.db.rows_after(stream.device.user, (self.swept, ())):
                    stream.live(row)
        self.swept = horizon
        for stream in there:
            stream.cursor.rebase(horizon)


class Stream:
    """A stream's part in the server. Its cursor is ahead of the one that its device remembers."""

    def __init__(self, push, device):
        self.w, self.push, self.device, self.cursor = push.w, push, device, device.cursor.copy()
        self.joined, self.opening, self.end, self.place = False, True, 0.0, None
        push.streams.append(self)
        steps = [self.join, self.rows, self.events]
        if self.w.broken == "join":
            steps = [self.rows, self.join, self.events]
        elif self.w.broken == "first":
            steps = [self.join, self.events, self.rows, self.events]
        self.next(steps)

    @property
    def is_open(self):
        return self.device.stream is self

    def next(self, steps):
        if steps:
            slow = (self.w.rng.random() < 0.2 or self.w.broken == "join") and not self.w.quiet
            self.w.at(self.w.rng.uniform(0.5, 2) if slow else self.w.rng.expovariate(8), self.step, steps)
        else:
            self.opening = False

    def step(self, steps):
        if self.is_open:
            done = steps[0]()
            self.next(steps[1:] if done else steps)

    def join(self):
        self.joined = True
        return True

    def rows(self):
        """Sends a page of the rows. Returns whether it was the last one."""
        w, device, cursor = self.w, self.device, self.cursor
        if not w.keeps(cursor.base):
            self.cut()                                      # stream.reset
            return False
        if cursor.incarnation != w.db.incarnation:
            cursor.incarnation = w.db.incarnation
            if w.broken != "reset":
                cursor.all = True
                device.rows.clear()                         # state.reset
        if self.place is None:
            self.end = self.push.horizon
            self.place = first_place(w, cursor)
        rows, done = page_of_rows(w, device.user, self)
        if not self.send(device.take_row, rows):
            return False
        if done:
            cursor.all = False
            if w.broken == "end":
                self.end = self.push.horizon
        return done

    def events(self):
        """Sends a page of the missed events. Returns whether it was the last one."""
        w, horizon = self.w, self.end
        if w.broken in ("cap", "first"):
            horizon = self.push.horizon
        missed = w.missed(self.device.user, self.cursor)
        for event in missed[:PAGE]:
            self.cursor.rebase(min(event.id, horizon))
            if not self.send(self.event, [event]):
                return False
        if len(missed) <= PAGE:
            self.cursor.rebase(horizon)
            return True
        return False

    def send(self, take, items):
        """Sends items one by one. The connection may be cut after each of them."""
        for item in items:
            take(item)
            if self.w.rng.random() < 0.02 and not self.w.calm:
                self.cut()
            if not self.is_open:
                return False
        return True

    def event(self, event):
        self.cursor.advance(event)
        self.device.take_event(event)
        self.device.cursor = self.cursor.copy()

    def catch_up(self, c):
        if self.opening:
            return                                          # the last page of the replay reads it
        for event in self.w.db.events(self.device.user, c):
            if not self.cursor.covers(event):
                self.event(event)

    def live(self, row):
        if not self.joined or row.id < max(self.cursor.base, self.end) and self.w.broken != "forget":
            return
        self.device.take_row(row)
        if self.w.broken == "advance":
            self.cursor.rebase(row.id)
            self.device.cursor = self.cursor.copy()

    def cut(self):
        if self.is_open:
            self.push.streams.remove(self)
            self.device.stream = None
            self.device.rest(2)


def first_place(w, cursor):
    return 0.0 if cursor.all else cursor.base, ALL if w.broken == "edge" else ()


def page_of_rows(w, user, reader):
    """Reads a page in the order of (id, key) and moves the reader's place to its end."""
    rows = w.db.rows_after(user, reader.place)
    if rows:
        last = rows[:PAGE][-1]
        reader.place = (last.id, ALL) if w.broken == "ties" else last.place
    return rows[:PAGE], len(rows) <= PAGE


class Sync:
    """One request GET /v1/sync. The client passes its cursor and the place of the reply before."""

    def __init__(self, device, quiet, place=None):
        self.w, self.device, self.quiet = device.w, device, quiet # quiet: since the first request
        self.end, self.place = place or (None, None)
        self.w.at(self.w.rng.expovariate(8), self.answer)

    def answer(self):
        w, cursor, user = self.w, self.device.cursor.copy(), self.device.user
        if not w.resumes(cursor):
            self.device.begin()
            self.device.connect()
            return
        reset = cursor.incarnation != w.db.incarnation
        if reset:
            cursor.incarnation, self.place = w.db.incarnation, None
            reset = cursor.all = w.broken != "reset"
        horizon = w.db.horizon()
        if self.place is None:
            self.end, self.place = horizon, first_place(w, cursor)
        if w.broken in ("end", "cap"):
            self.end = horizon
        rows, done = page_of_rows(w, user, self)
        events = []
        if done:
            cursor.all = False
            events, done = self.events(cursor)
        w.at(w.rng.expovariate(8), self.arrive, reset, rows, events, cursor, not done)

    def events(self, cursor):
        """Reads a page of the missed events. The base becomes the end of the pass with the last one."""
        missed = self.w.missed(self.device.user, cursor)
        for event in missed[:PAGE]:
            cursor.rebase(min(event.id, self.end))
            cursor.advance(event)
        if len(missed) > PAGE:
            return missed[:PAGE], False
        cursor.rebase(self.end)
        return missed, True

    def arrive(self, reset, rows, events, cursor, more):
        w, device = self.w, self.device
        if reset:
            device.rows.clear()
        for take, items in (device.take_row, rows), (device.take_event, events):
            for item in items:
                if w.rng.random() < 0.02 and not w.calm:    # the client ends before it stores the cursor
                    device.rest(2)
                    return
                take(item)
        device.cursor = cursor
        device.place = (self.end, self.place) if more and w.broken == "place" else None
        if more and (w.calm or w.rng.random() < 0.9):
            Sync(device, self.quiet, (self.end, self.place))
            return
        if self.quiet:
            device.check("synced")
        device.rest(0.5)


class Device:
    def __init__(self, w, user, number):
        self.w, self.user, self.number = w, user, number
        self.cursor, self.stream, self.place = Cursor(), None, None
        self.rows, self.last, self.own = {}, {}, {}
        w.at(w.rng.random(), self.connect)

    def __str__(self):
        return f"user {self.user}, device {self.number}"

    def rest(self, rate):
        """Is away for a while; sometimes long, and sometimes until all is quiet."""
        w, long = self.w, self.w.rng.random()
        if w.calm or long > 0.15:
            w.at(w.rng.expovariate(rate), self.connect)
        elif long > (0.05 if w.broken != "place" else 0.12):
            w.at(w.rng.uniform(2, 30), self.connect)
        else:
            w.asleep.append(self)

    def connect(self):
        w = self.w
        if self.number == DEVICES - 1 or w.rng.random() < 0.2:
            Sync(self, w.quiet, self.place)
            return
        if not w.resumes(self.cursor):
            self.begin()
        self.rows = {k: r for k, r in self.rows.items() if r.value is not None}
        self.place = None
        self.stream = Stream(w.rng.choice(w.pushes), self)
        if not w.calm:
            w.at(w.rng.expovariate(0.2), self.stream.cut)

    def begin(self):
        """Takes a snapshot: the horizon first, then the conversations. All rows follow."""
        db = self.w.db
        self.cursor = Cursor(db.horizon(), incarnation=db.incarnation, all=self.w.broken != "all")
        self.rows, self.last, self.own, self.place = {}, {}, {}, None
        for c in range(CONVERSATIONS):
            for event in db.events(self.user, c):
                self.last[c] = event.seq
                self.cursor.advance(event)

    def take_row(self, row):
        had = self.rows.get(row.key)
        if had is None or row.id > had.id or self.w.broken == "arrival":
            self.rows[row.key] = row

    def take_event(self, event):
        c, joins = event.c, event.joins == self.user
        last = self.last.get(c, 0)
        if event.seq <= last:
            return
        if event.seq != last + 1 and not joins:
            self.w.fault(f"{self}, conversation {c}: seq {event.seq} after {last}")
        self.last[c] = event.seq
        if joins:
            self.own[c] = 0.0
        elif event.leaves is None and event.sender == self.user and self.w.broken != "own":
            self.own[c] = event.id
        if event.leaves == self.user and self.w.broken == "clear":
            self.rows.pop(("member", c), None)

    def shown(self):
        own = {("member", c): read for c, read in self.own.items()}
        return {k: (r.value, max(r.read, own.get(k, 0.0)))
                for k, r in self.rows.items() if r.value is not None}

    def check(self, when):
        db = self.w.db
        stored = {k: (r.value, r.read) for k, r in db.rows[self.user].items() if r.value is not None}
        shown = self.shown()
        for key in sorted(stored.keys() | shown.keys()):
            if stored.get(key) != shown.get(key):
                self.w.fault(f"{self}, {when}: {key} is {shown.get(key)}, stored is {stored.get(key)}")
        for c in range(CONVERSATIONS):
            mine = [e.seq for e in db.events(self.user, c)]
            if mine and self.last.get(c, 0) != mine[-1]:
                self.w.fault(f"{self}, {when}: conversation {c} ends at {self.last.get(c)} of {mine[-1]}")
