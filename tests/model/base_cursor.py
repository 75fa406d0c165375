# SPDX-License-Identifier: MIT
"""A cursor with a base and exceptions, which the models of states and of servers share."""
from dataclasses import dataclass, field, replace


@dataclass
class Cursor:
    base: float = 0.0          # all events below it were sent
    exc: dict = field(default_factory=dict)

    def copy(self):
        return replace(self, exc=dict(self.exc))

    def covers(self, event):
        return event.id < self.base or event.id <= self.exc.get(event.c, -1)

    def advance(self, event):
        if event.id >= self.base:
            self.exc[event.c] = event.id

    def rebase(self, base):
        if base > self.base:
            self.base = base
            self.exc = {c: i for c, i in self.exc.items() if i >= base}
