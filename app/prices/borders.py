"""When prices change by themselves: the moments at which entries of price lists begin or end."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.versions import Held, Subject
from tables.engine import DB

# So many moments are known ahead; later ones are found when a price changes, or minute by minute.
MOST = 1_000
# The clocks of a process and of its database differ by less.
DIFFERENCE_OF_CLOCKS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which no entry begins or ends: until a moment (excluding it), None is for good. UTC."""

    since: datetime | None
    until: datetime | None


_MOMENTS = f"""
    SELECT moment FROM (
        SELECT DISTINCT valid_from AS moment FROM price_entries WHERE valid_from > now() - interval '1 hour'
        UNION
        SELECT DISTINCT valid_to FROM price_entries WHERE valid_to > now() - interval '1 hour'
    ) AS moments ORDER BY moment LIMIT {MOST}
"""


async def span_of(now: datetime, versions: Mapping[str, int]) -> Span:
    """The time around a moment in which the prices of all entries stay; no query until a price is changed.

    Just after an entry has begun or ended it is but the current minute: what was read in it may have been read
    before that, by the clock of the database.
    """
    moments = await _moments.at(versions)
    minute = now.replace(second=0, microsecond=0)
    place = bisect_right(moments, now)
    since = moments[place - 1] if place else None
    is_unknown = place == MOST
    if is_unknown or (since is not None and now - since < DIFFERENCE_OF_CLOCKS):
        following = moments[place : place + 1]
        return Span(minute, min([minute + timedelta(minutes=1), *following]))
    return Span(since, moments[place] if place < len(moments) else None)


async def _read_moments() -> list[datetime]:
    return [row["moment"] for row in await DB.fetch(_MOMENTS)]


_moments: Held[list[datetime]] = Held(_read_moments, Subject.PRICES)
