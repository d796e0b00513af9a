"""The end of the day, in UTC and where the shop is: a test that began before it and ends after it would see two days."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ZONES = (UTC, ZoneInfo("Europe/Berlin"))
# Seconds before midnight in which no test begins. Very few take longer, and none of these asks for the day.
NONE_BEGINS_WITHIN = 30


def seconds_to_midnight(now: datetime) -> float:
    """How long the day lasts, in the zone where it ends first."""
    ends = []
    for zone in ZONES:
        midnight = datetime.combine(
            now.astimezone(zone).date() + timedelta(days=1), datetime.min.time(), zone
        )
        ends.append((midnight.astimezone(UTC) - now).total_seconds())
    return min(ends)


def wait_when_the_day_ends() -> None:
    """Returns at once, but shortly before midnight only after it."""
    left = seconds_to_midnight(datetime.now(UTC))
    if left < NONE_BEGINS_WITHIN:
        time.sleep(left)
