"""Did every client get every item of its stream exactly once, in order? Judged as the soak goes on.

The order is the feed's, as the table has it. What was judged is forgotten, so that an hour of it
needs no memory.
"""

import time
from collections import Counter

from dashboard_data import Cursor, DynamoDbFeed, Table

from tests.system.soak.service import patiently


class Judge:
    """`lost` and `doubled` count items over all clients; `disordered` counts clients.

    `delivered` counts the items that are right.
    """

    def __init__(self, dynamodb, table):
        self.order = []
        self.lost = self.doubled = self.disordered = self.delivered = 0
        self.sentences = []
        self._feed = DynamoDbFeed(Table(dynamodb, table), time.time)
        self._cursor = None
        self._by_tickers = {}
        self._judged = {}

    def read(self):
        """Reads what was published since the last time."""
        if self._cursor is None:
            self._cursor = Cursor(patiently(self._feed.head).epoch, 0)
        while (page := patiently(lambda: self._feed.after(self._cursor))).entries:
            self._cursor = page.cursor
            self.order += [entry.item.item_id for entry in page.entries]

    def judge(self, viewers):
        """Compares what the viewers have heard with the order, and forgets what is right."""
        # First the clients, then the feed: nobody can have heard what is not in the feed yet.
        heard = [(each, list(each.heard)) for each in viewers]
        self.read()
        for viewer, ids in heard:
            at = self._judged.get(viewer.number, 0)
            wanted = self._wanted(viewer)[at : at + len(ids)]
            reached = at + len(ids)
            if ids != wanted:
                reached = self._explain(viewer, ids, at)
            self.delivered += len(ids)
            self._judged[viewer.number] = reached
            del viewer.heard[: len(ids)]

    def behind(self, viewers):
        """Returns how many clients have not heard all that was published."""
        return sum(
            self._judged.get(each.number, 0) + len(each.heard) < len(self._wanted(each))
            for each in viewers
        )

    def _wanted(self, viewer):
        if viewer.tickers is None:
            return self.order
        wanted, seen = self._by_tickers.get(viewer.tickers, ([], 0))
        new = self.order[seen:]
        wanted += [each for each in new if each.partition("-")[0] in viewer.tickers]
        self._by_tickers[viewer.tickers] = (wanted, seen + len(new))
        return wanted

    def _explain(self, viewer, ids, at):
        """Counts what is wrong, and returns up to where the client has got nevertheless."""
        every = self._wanted(viewer)
        places = [every.index(each) for each in set(ids) if each in every]
        reached = max([at, *(place + 1 for place in places)])
        got, due = Counter(ids), Counter(every[at:reached])
        lost, more = due - got, got - due
        self.lost += lost.total()
        self.doubled += more.total()
        self.disordered += not lost and not more
        if len(self.sentences) < 20:
            self.sentences.append(
                f"client {viewer.number} ({viewer.kind}): missing {sorted(lost)[:5]}, "
                f"too many {sorted(more)[:5]} of {len(ids)} items"
            )
        return reached
