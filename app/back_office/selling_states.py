"""Whether what may be switched off and holds for a time holds now, later, or no more, as lists tell it."""

from app.languages import gettext as _
from app.languages import text

# What has ended is over even where it is switched off; what is switched off does not begin.
STATES = (
    ("active", text("Active")),
    ("upcoming", text("Not begun yet")),
    ("ended", text("Over")),
    ("off", text("Switched off")),
)
_BADGES = {"active": "success", "upcoming": "info"}
# The state of a row with these columns, for statements that read one table.
STATE_OF_ROW = """
    CASE WHEN valid_to <= now() THEN 'ended' WHEN NOT is_active THEN 'off'
         WHEN valid_from > now() THEN 'upcoming' ELSE 'active' END
"""
# The same of what holds at all times.
SWITCH_OF_ROW = "CASE WHEN is_active THEN 'active' ELSE 'off' END"


def state_choices(*without: str) -> list[tuple[str, str]]:
    """(value, name) of the states that a list can be filtered by, in the language of the current request."""
    return [("", _("All")), *((state, _(name)) for state, name in STATES if state not in without)]


def state_asked_for(wanted: str) -> str:
    """The state that an address asks for; "", which is all, for one that there is not."""
    return wanted if wanted in dict(STATES) else ""


def state_badge(state: str) -> tuple[str, str]:
    """(text, kind) of the badge of a state, in the language of the current request."""
    return _(dict(STATES)[state]), _BADGES.get(state, "neutral")
