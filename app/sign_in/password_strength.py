"""How strong a password is, told while it is typed: help, never a gate (security.md, Passwords).

What is typed is judged and forgotten: it is neither kept nor logged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.behind_the_pages import OneAtATime
from app.languages import gettext as _
from app.languages import text
from app.sign_in.passwords import password_problem

# Characters that are looked at: the work grows fast with the length, and what is longer is strong.
LOOKED_AT = 72
# Nor is more of what others know of the person: a login is the longest of it that a form takes.
LONGEST_KNOWN = 320
JUDGE = OneAtATime("strength", longest_queue=20, seconds_to_come_back=1)

# By the score of zxcvbn, from 0 to 4.
NAMES = (text("Very weak"), text("Weak"), text("Fair"), text("Good"), text("Strong"))


@dataclass(frozen=True, slots=True)
class Strength:
    """How strong a password is: score from 0 to 4, its name in English, and advice in the person's language."""

    score: int
    name: str
    advice: str


async def strength_of(password: str, about: Sequence[str], shortest: int) -> Strength | None:
    """How strong a password is; None for an empty one, and where too many wait.

    `about` is what others know of the person. A password that would be refused (fewer than `shortest`
    characters, for example) is never called strong, and the advice says why.
    """
    if not password or JUDGE.is_full:
        return None
    about = [one[:LONGEST_KNOWN] for one in about if one]
    score, patterns = await JUDGE.do(_judge, password[:LOOKED_AT], [one[:LOOKED_AT] for one in about])
    problem = password_problem(password, about, shortest)
    if problem is not None:
        score = min(score, 1)
    return Strength(score, NAMES[score], problem or _advice(score, patterns))


def _judge(password: str, about: list[str]) -> tuple[int, set[str]]:
    """The score of zxcvbn and the kinds of its patterns in the password."""
    # Imported when it is needed: its lists of words take memory that most processes never use.
    from zxcvbn import zxcvbn

    found: dict[str, Any] = zxcvbn(password, user_inputs=about)
    return int(found["score"]), {str(one["pattern"]) for one in found["sequence"]}


def _advice(score: int, patterns: set[str]) -> str:
    if score >= 3:
        return ""
    if patterns & {"spatial", "repeat", "sequence"}:
        return _("Rows of keys, repetitions and sequences are guessed first.")
    if patterns & {"date", "regex"}:
        return _("Years and dates are guessed first.")
    return _("Another word or two make it stronger.")
