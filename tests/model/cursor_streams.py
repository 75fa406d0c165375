# SPDX-License-Identifier: MIT
"""The cursor model's cursors, processes of push, and clients."""
import os

from cursor_database import CONVERSATIONS
from simulator import TICK

PAGE = 3
EXCEPTIONS = int(os.environ.get("MODEL_EXCEPTIONS", "5")) # of a cursor; few, so that it is full often
FEW = 4                        # who is in no more conversations is always read in the order of ids


class Cursor:
    """A cursor covers everything below its base, and in a conversation of exc all up to that id.

    For each of reads, it covers everything before the place that the snapshot sees. With a pass
    (end, conversation, id) it covers everything below the end, in the order of (conversation, id),
    up to that place.
    """

    def __init__(self, incarnation=0):
        self.incarnation, self.base, self.exc, self.reads, self.dropped = incarnation, 0.0, {}, [], 0.0
        self.displaced = 0.0                                # the furthest place that had no room
        self.turn = None                                    # the pass

    def says(self, c, eid, broken=None):                    # what can be told without the transaction
        if broken == "naive":
            return eid <= max([self.base] + list(self.exc.values()))
        return self.below(c, eid) or broken == "edge" and eid == self.base or eid <= self.exc.get(c, -1)

    def below(self, c, eid):                   # without its exception
        if eid < self.base:
            return True
        return self.turn is not None and eid < self.turn[0] and (c, eid) <= self.turn[1:]

    def covers(self, e, broken=None):
        if self.says(e.c, e.id, broken):
            return True
        return any((e.id, e.c) < upto and (broken == "late" or snapshot.sees(e.tx))
                   for upto, snapshot in self.reads)

    def reach(self):
        """Returns an id above all that the cursor covers, except what its exceptions name."""
        dropped, end = self.dropped and self.dropped + TICK, self.turn[0] if self.turn else 0.0
        return max([self.base, dropped, end] + [upto[0] + TICK for upto, _ in self.reads])

    def advance(self, c, eid):
        if self.below(c, eid):
            return
        if c not in self.exc and len(self.exc) == EXCEPTIONS:
            least = min(self.exc, key=self.exc.get)
            self.dropped = max(self.dropped, self.exc.pop(least))
        self.exc[c] = max(eid, self.exc.get(c, 0))

    def advance_read(self, c, eid, snapshot, broken=None):
        """Advances by an event of a page in the order of ids. A full cursor gets a place of reading."""
        full = c not in self.exc and len(self.exc) == EXCEPTIONS
        if broken != "position" and eid >= self.base and full:
            upto = (eid, c)                                 # all before this event was sent
            further = [r for r in self.reads if r[0] > upto]
            self.displaced = max([self.displaced] + [r[0][0] for r in further[:-1]])
            self.reads = [(upto, snapshot)] + further[-1:]
            self.exc = {k: i for k, i in self.exc.items() if (i, k) >= upto}
        self.advance(c, eid)

    def advance_pass(self, c, eid, end):
        """Advances by an event of a pass, which is in the order of (conversation, id)."""
        self.turn = (end, c, eid)
        self.exc = {k: i for k, i in self.exc.items() if not self.below(k, i)}

    def rebase(self, base):
        if base <= self.base:
            return
        self.base = base
        if self.turn and self.turn[0] <= base:
            self.turn = None
        self.exc = {c: i for c, i in self.exc.items() if i >= base}
        self.reads = [r for r in self.reads if r[0][0] >= base]
        if self.dropped < base:
            self.dropped = 0.0
        if self.displaced < base:
            self.displaced = 0.0


class Push:
    """One push process: what it delivered of each conversation, its streams, its sweep."""

    def __init__(self, w):
        self.w, self.delivered, self.streams, self.hold = w, {}, set(), set()
        self.incarnation, self.round, self.last_horizon, self.members_from = 0, 0, 0.0, 0.0
        w.at(w.rng.uniform(0, 3), self.sweep)

    def database_is_another(self):
        """Keeps the streams when all that they were sent is proven to be there. Else ends them all."""
        w = self.w
        now = len(w.db.forks) - 1
        if w.broken != "replayed":
            for s in sorted(self.streams, key=lambda s: s.number):
                if s.opening or s.cursor.reads or s.cursor.dropped:
                    s.cut()                                 # it was given more than can be looked up
        given = [(c, i) for c, (_, i) in self.delivered.items() if i]
        if w.broken != "replayed":                          # replays deliver what no notification has brought yet
            given += [at for s in self.streams for at in s.cursor.exc.items()]
        there = all(any(e.id == i for e in w.db.log[c]) for c, i in given)
        good = self.last_horizon <= w.db.forks[now] and there
        if not good or w.broken == "harsh":
            for s in sorted(self.streams, key=lambda s: s.number):
                s.cut()
            self.delivered.clear()
        else:
            for s in self.streams:
                s.cursor.incarnation = now
        self.incarnation, self.last_horizon = now, w.db.forks[now]
        self.members_from = min(self.members_from, w.db.forks[now])
        self.round += 1

    def notify(self, c, seq):
        d = self.delivered.get(c)
        if d is None or seq <= d[0]:
            return
        if seq > d[0] + 1 and c not in self.hold:           # a hole: hold a moment, then read the range
            self.hold.add(c)
            self.w.at(0.05, self.repair, c)
        elif seq == d[0] + 1:
            self.repair(c)

    def repair(self, c):
        self.hold.discard(c)
        if c not in self.delivered:
            return
        for e in self.w.db.log[c][self.delivered[c][0]:]:
            self.delivered[c] = (e.seq, e.id)
            for s in sorted(self.streams, key=lambda s: s.number):
                if c in s.topics:
                    s.event(e)
                    if e.removed == s.number and c in s.topics and self.w.broken != "leaver":
                        s.topics.discard(c)
                        s.again()

    def resync(self, number):
        for s in sorted(self.streams, key=lambda s: s.number):
            if s.number == number:
                s.again()

    def sweep(self):
        h, incarnation = self.w.horizon()
        self.last_horizon = max(self.last_horizon, h) if incarnation == self.incarnation else h
        self.round += 1
        there = {s: s.joined_round for s in self.streams}
        self.w.at(self.w.rng.uniform(0.1, 1.0), self.sweep_rest, h, there, self.round)
        if self.w.broken == "sweep":
            for s in self.streams:
                s.rebase(h)

    def sweep_rest(self, h, there, number):                 # heads and memberships are read after the horizon
        self.w.at(1.0, self.sweep)
        if number != self.round:
            return
        for c in sorted(self.delivered):
            self.repair(c)
        if self.w.broken != "members":
            for s in sorted(self.streams, key=lambda s: s.number):
                if any(c not in s.topics and self.has_joined(s.number, c) for c in range(CONVERSATIONS)):
                    s.again()
        self.members_from = h
        for s, joined in there.items():
            if s in self.streams and s.joined_round == joined:
                s.rebase(h)

    def has_joined(self, number, c):
        """Whether a user has joined since the last round began, and perhaps left again."""
        times = self.w.db.times.get((number, c), ())
        return any(first.id >= self.members_from for first, _ in times)


class Client:
    def __init__(self, w, number):
        self.w, self.number, self.process, self.session, self.joined_round = w, number, None, 0, 0
        self.cursor = Cursor()
        self.seen = {}                                      # conversation -> the last event that was applied
        self.all = {}                                       # conversation -> all of them, since the last reset
        self.topics, self.opening, self.kept = set(), False, []
        self.had, self.pages, self.repeats = {}, 0, 0
        w.at(0, self.connect)

    def connect(self):
        w = self.w
        self.process, self.session = w.rng.choice(w.processes), self.session + 1
        self.had, self.pages = {}, 0
        if not w.verdict(self.cursor):
            self.reset()
        self.cursor.incarnation = len(w.db.forks) - 1
        self.topics, self.kept, self.opening = set(), [], True
        if w.broken == "splice":
            self.page(self.session)
            w.at(w.rng.expovariate(5), self.register, self.session)
        else:
            self.register(self.session)
            w.at(w.rng.expovariate(10), self.page, self.session)
        w.at(w.rng.expovariate(0.5) + 0.05, self.cut_session, self.session)

    def reset(self):
        """Takes a snapshot: the horizon first, then the conversations."""
        w = self.w
        if not w.lost and not self.cursor.reads and not self.cursor.dropped and not self.cursor.turn:
            w.fault(f"client {self.number}: a reset, though nothing was lost")
        self.cursor = Cursor()
        self.cursor.base, self.cursor.incarnation = w.horizon()
        self.seen, self.all = {}, {}
        for c in range(CONVERSATIONS):
            mine = list(w.db.of(self.number, c))
            if mine:
                self.seen[c], self.all[c] = mine[-1], [None] * 0
                self.cursor.advance(c, mine[-1].id)

    def register(self, session):
        if session != self.session or not self.process:
            return
        self.process.streams.add(self)
        self.join_all()

    def join_all(self):
        """Subscribes to all conversations that the client is a member of now."""
        self.joined_round += 1
        for c in range(CONVERSATIONS):
            if self.w.db.is_member(self.number, c):
                self.process.delivered.setdefault(c, (self.w.db.seq(c), self.w.db.last_id(c)))
                self.topics.add(c)
            else:
                self.topics.discard(c)

    def again(self):
        """Subscribes and replays once more, because memberships have changed."""
        self.join_all()
        self.kept = []
        if not self.opening:
            self.opening = True
            self.w.at(self.w.rng.expovariate(10), self.page, self.session)

    def missed(self):
        for c in range(CONVERSATIONS):
            for e in self.w.db.of(self.number, c):
                if not self.cursor.covers(e, self.w.broken):
                    yield e

    def page(self, session):
        w = self.w
        if session != self.session or not self.process:
            return
        h, snapshot = self.process.last_horizon, w.snapshot()
        missed = sorted(self.missed(), key=lambda e: (e.id, e.c))
        self.pages += 1
        if self.pages > 400:
            w.fault(f"client {self.number}: the replay does not end")
            return
        many = len(missed) > PAGE and len(self.topics) > FEW
        if self.cursor.turn or many and any(e.id < h for e in missed):
            self.page_of_pass(session, missed, h)
            return
        for e in missed[:PAGE]:
            if w.broken not in ("naive", "splice"):
                self.cursor.rebase(min(e.id, h))
            self.take(e)
            self.cursor.advance_read(e.c, e.id, snapshot, w.broken)
            self.had[e.c] = e.id                            # sent, though the cursor cannot say so
        if len(missed) > PAGE:
            w.at(w.rng.expovariate(10), self.page, session)
            return
        self.opening, self.repeats = False, 0
        self.rebase(h)
        kept, self.kept = self.kept, []
        for e in kept:
            self.event(e)

    def page_of_pass(self, session, missed, h):
        """Sends one conversation after another, as far as the horizon of the pass's first page.

        The pages after the pass send what lies above.
        """
        end = self.cursor.turn[0] if self.cursor.turn else h
        below = (e for e in missed if e.id < end or self.w.broken == "end")
        rest = sorted(below, key=lambda e: (e.c, e.id))
        for e in rest[:PAGE]:
            self.take(e)
            self.cursor.advance_pass(e.c, e.id, end)
            self.had[e.c] = e.id
        if len(rest) <= PAGE:
            self.cursor.rebase(h if self.w.broken == "pass" else end)
        self.w.at(self.w.rng.expovariate(10), self.page, session)

    def event(self, e):
        if self.opening:
            self.kept.append(e)
            return
        sent = self.cursor.says(e.c, e.id, self.w.broken) or e.id <= self.had.get(e.c, -1)
        if self.w.broken != "behind" and sent:
            return                                          # the hub was behind this stream's replay
        if self.cursor.reads and self.cursor.covers(e):
            return                                          # the hub was behind a place of reading
        self.take(e)
        self.cursor.advance(e.c, e.id)

    def take(self, e):
        times = self.w.db.times.get((self.number, e.c), ())
        last = self.seen.get(e.c)
        begins = any(first is e for first, _ in times)
        had = last.seq if last else None
        if had is None and not begins or had is not None and e.seq != had + 1 and not (begins and e.seq > had):
            again = had is not None and e.seq <= had
            if again and (self.cursor.dropped or self.cursor.displaced): # allowed: a cursor had no room
                self.repeats += 1
                if self.repeats > 400:                   # more than there are: it does not get on
                    self.w.fault(f"client {self.number}: hears the same again and again")
                return
            self.w.fault(f"client {self.number}, conversation {e.c}: got seq {e.seq} after {had}")
        if not any(first.seq <= e.seq and (l is None or e.seq <= l.seq) for first, l in times):
            self.w.fault(f"client {self.number}, conversation {e.c}: seq {e.seq} is not theirs")
        self.repeats = 0
        self.seen[e.c] = e
        self.all.setdefault(e.c, []).append(e)

    def rebase(self, h):
        if not self.opening:
            self.cursor.rebase(h)

    def cut_session(self, session):
        if session == self.session:
            self.cut()

    def cut(self):
        if not self.process:
            return
        self.process.streams.discard(self)
        self.process, self.session = None, self.session + 1
        self.w.at(self.w.rng.expovariate(2), self.connect)


