"""Which are the newest items of these tickers?

The hourly records of a ticker name their newest entries, so one read of them finds the items,
however long ago they came. Where older code has counted, some are not named: then the newest
entries of the whole feed are looked through, as far as that goes.
"""

from dashboard_data.feed.feed import PAGE_LIMIT, Feed, FeedEntry
from dashboard_data.feed.head import Head
from dashboard_data.hourly import ALL_TICKERS, MOST_NEWEST
from dashboard_data.metrics import MetricsWindow


def newest_of(
    feed: Feed, head: Head, window: MetricsWindow, count: int = MOST_NEWEST
) -> tuple[FeedEntry, ...]:
    """Returns the newest entries of the window's scopes, newest first; `count` is at most 20.

    `window` was read after `head`. It names the entries of its 24 hours, and of the hour ahead.
    """
    if ALL_TICKERS in window.scopes:
        return feed.recent(head.cursor, count)
    newest = window.newest()
    found = {entry.seq: entry for entry in feed.entries(head.epoch, newest.seqs[:count])}
    certain = [seq for seq in newest.seqs if seq >= newest.complete_from]
    if len(certain) < count and newest.complete_from > 1:
        looked_through = feed.recent(head.cursor, PAGE_LIMIT)
        found |= {entry.seq: entry for entry in looked_through if window.covers(entry)}
    return tuple([found[seq] for seq in sorted(found, reverse=True)[:count]])
