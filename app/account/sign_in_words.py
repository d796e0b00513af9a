"""Sessions and the history of sign-ins in words that their owner understands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.access import Refusal
from app.applications import application_by_id
from app.languages import gettext as _
from app.languages import text
from app.sign_in.devices import device_words, place_words
from app.sign_in.history import Attempt
from app.sign_in.own_sessions import OwnSession

METHODS = {
    "password": text("Password"),
    "passkey": text("Passkey"),
    "code": text("Code by mail"),
    "second_factor": text("Second factor"),
}
# Of an outcome that has no words of its own.
REFUSED = text("Refused")
# A right proof that opened nothing: the gate's reason, or the second factor that was still to come.
OUTCOMES = {
    "signed in": text("Signed in"),
    "confirmed": text("Confirmed before a change"),
    "wrong password": text("Wrong password"),
    "wrong code": text("Wrong code"),
    "wrong passkey": text("Passkey refused"),
    "copied passkey": text("Passkey refused: it may be a copy"),
    "locked": text("Locked after too many tries"),
    Refusal.SECOND_FACTOR_NEEDED.value: text("Second factor asked for"),
    Refusal.SECOND_FACTOR_MISSING.value: text("Second factor to be set up"),
    Refusal.WRONG_SHOP.value: text("Refused: another shop's account"),
    Refusal.TYPE_MISSING.value: text("Refused: customer type missing"),
    Refusal.DEACTIVATED.value: text("Refused: account deactivated"),
    Refusal.EMAIL_NOT_VERIFIED.value: text("Refused: e-mail not verified"),
    Refusal.REJECTED.value: text("Refused: application rejected"),
    Refusal.AWAITING_APPROVAL.value: text("Refused: awaiting approval"),
}
_FINE = frozenset({"signed in", "confirmed", Refusal.SECOND_FACTOR_NEEDED, Refusal.SECOND_FACTOR_MISSING})


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A row of the list of sessions. Times are UTC."""

    id: UUID
    device: str
    place: str
    application: str
    signed_in_at: datetime
    last_used_at: datetime
    is_this: bool


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """A row of the history. `is_failure` tells what the owner should look at."""

    what: str
    method: str
    device: str
    place: str
    application: str
    attempted_at: datetime
    is_failure: bool


def shown_sessions(sessions: Sequence[OwnSession], this: UUID | None) -> list[ShownSession]:
    """The sessions in words, this one first."""
    shown = [
        ShownSession(
            one.id,
            device_words(one.user_agent),
            place_words(one.address_family),
            _name_of(one.application),
            one.signed_in_at,
            one.last_used_at,
            one.id == this,
        )
        for one in sessions
    ]
    return sorted(shown, key=lambda one: not one.is_this)


def shown_history(attempts: Sequence[Attempt]) -> list[ShownAttempt]:
    """The history in words. An outcome that has none counts as a refusal."""
    return [
        ShownAttempt(
            _(OUTCOMES.get(one.outcome, REFUSED)),
            _(METHODS.get(one.method, one.method)),
            device_words(one.user_agent),
            place_words(one.address_family),
            _name_of(one.application),
            one.attempted_at,
            one.outcome not in _FINE,
        )
        for one in attempts
    ]


def _name_of(application_id: str) -> str:
    application = application_by_id(application_id)
    return application.name if application is not None else application_id
