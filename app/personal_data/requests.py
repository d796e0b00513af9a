"""Personal data requests from asking to purging (domain.md 13).

Asked -> confirmed by the link in a mail -> carried out or declined by staff. Confirming changes nothing else. The
person may take a request back until it is finished.
"""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from app.applications import Application, all_applications, application_by_id
from app.audit import record
from app.customers.branches import person_in_branch
from app.customers.emails import canonical_email
from app.errors import Conflict
from app.links import links_of
from app.mail.outbox import queue_mail
from app.personal_data.people import Subject, subjects_with_email
from app.settings import settings
from app.sign_in.limits import has_had_enough_mails
from app.sign_in.sent_twice import NOT_SENT, is_sent_twice
from app.visitor import Visitor
from tables import DataRequestKind, DataRequestOrigin, DataRequestState
from tables.engine import DB
from tables.keys import new_key

SERIES = "data_requests"
FIRST = 1001


class LinkState(StrEnum):
    """What became of the link that confirms a request: four different pages (domain.md 13)."""

    VALID = "valid"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """A request as its person and staff see it. Times are UTC; `name` is "" where the person is not known by one."""

    id: uuid.UUID
    number: str
    kind: DataRequestKind
    state: DataRequestState
    origin: str
    user_id: uuid.UUID | None
    email: str
    name: str
    application: str
    language: str
    requested_at: datetime
    confirm_until: datetime
    confirmed_at: datetime | None
    due_at: datetime
    finished_at: datetime | None
    finished_by_name: str
    comment: str
    has_archive: bool
    is_expired: bool
    is_late: bool
    version: int

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state in (DataRequestState.ASKED, DataRequestState.CONFIRMED)

    @property
    def can_be_carried_out(self) -> bool:
        """Staff carry out only what the person has confirmed."""
        return self.state == DataRequestState.CONFIRMED


_COLUMNS = """
    SELECT r.id, r.number, r.kind, r.state, r.origin, r."user" AS user_id, r.email, r.application, r.language,
           coalesce(trim(u.first_name || ' ' || u.last_name), '') AS name,
           r.requested_at, r.confirm_until, r.confirmed_at, coalesce(r.due_at, r.requested_at) AS due_at,
           r.finished_at, r.finished_by_name, r.comment, r.archive IS NOT NULL AS has_archive,
           r.state = 'asked' AND r.confirm_until <= now() AS is_expired,
           r.state = 'confirmed' AND r.due_at <= now() AS is_late, r.version
    FROM personal_data_requests r LEFT JOIN users u ON u.id = r."user"
"""
_OPEN = "state IN ('asked', 'confirmed')"
_IN_BRANCH = f"""($1::uuid IS NULL OR {person_in_branch('r."user"', "$1")})"""
_NUMBER = """
    INSERT INTO number_series AS s (name, last_number) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET last_number = s.last_number + 1 RETURNING last_number
"""
# Of a person there is one open request of a kind, so that of two that are sent at once the second finds the first.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 13))"
_FIND_OPEN = f"""
    SELECT id, state FROM personal_data_requests
    WHERE kind = $1 AND {_OPEN} AND "user" IS NOT DISTINCT FROM $2 AND ($2 IS NOT NULL OR email_canonical = $3)
    FOR UPDATE
"""  # only constants of this module are put in
_INSERT = """
    INSERT INTO personal_data_requests (id, number, kind, state, origin, "user", email, email_canonical,
        application, language, requested_at, confirm_until, due_at)
    VALUES ($1, $2, $3, 'asked', $4, $5, $6, $7, $8, $9, now(), now() + $10 * interval '1 minute',
            now() + $11 * interval '1 day')
"""
_AGAIN = """
    UPDATE personal_data_requests
    SET confirm_until = now() + $2 * interval '1 minute', application = $3, language = $4, email = $5,
        email_canonical = $6, version = version + 1
    WHERE id = $1
"""
_CONFIRM = """
    UPDATE personal_data_requests SET state = 'confirmed', confirmed_at = now(), version = version + 1
    WHERE id = $1 AND application = $2 AND version = $3 AND state = 'asked' AND confirm_until > now()
    RETURNING kind, "user" AS user_id
"""
_FINISH = """
    UPDATE personal_data_requests SET state = $2, finished_at = now(), finished_by = $3, finished_by_name = $4,
        comment = $5, version = version + 1
    WHERE id = $1
"""


async def ask_for_all_with_email(email: str, kind: DataRequestKind, visitor: Visitor, sending: str) -> None:
    """Notes the requests of all people of an e-mail, known by it alone; of a double click once, and no more than
    their mailbox can take in an hour."""
    async with DB.transaction():
        if await is_sent_twice(sending) or await has_had_enough_mails("data-request", canonical_email(email)):
            return
        for subject in await subjects_with_email(email):
            await ask(
                kind,
                subject,
                DataRequestOrigin.GUEST,
                application=visitor.application,
                language=visitor.language,
                visitor=visitor,
            )


async def ask(
    kind: DataRequestKind,
    subject: Subject,
    origin: DataRequestOrigin,
    *,
    application: Application | None = None,
    language: str | None = None,
    visitor: Visitor | None = None,
    sending: str = NOT_SENT,
) -> uuid.UUID:
    """Notes a request and mails the person a link to confirm it, of a double click once; the request's id.

    Asked again before it is confirmed, a new link replaces the old one; afterwards nothing more happens. The
    person is asked in the application where they asked, else in their own.
    """
    asked_in = application or subject.application
    wanted_language = language or subject.language
    spoken = wanted_language if wanted_language in asked_in.languages else asked_in.languages[0]
    canonical = canonical_email(subject.email)
    async with DB.transaction():
        is_double_click = await is_sent_twice(sending)
        await DB.execute(_LOCK, f"{kind}:{subject.user_id or canonical}")
        found = await DB.fetch_row(_FIND_OPEN, kind.value, subject.user_id, canonical)
        if found is not None and (is_double_click or found["state"] == DataRequestState.CONFIRMED):
            return uuid.UUID(str(found["id"]))
        key = uuid.UUID(str(found["id"])) if found is not None else new_key()
        minutes = asked_in.data_request_minutes
        if found is not None:
            await DB.execute(_AGAIN, key, minutes, asked_in.id, spoken, subject.email, canonical)
        else:
            number = f"D{await DB.fetch_value(_NUMBER, SERIES, FIRST)}"
            await DB.execute(
                *(_INSERT, key, number, kind.value, origin.value, subject.user_id, subject.email, canonical),
                *(asked_in.id, spoken, minutes, asked_in.data_request_answer_days),
            )
            await record(
                "data request asked",
                visitor=visitor,
                user_id=subject.user_id,
                after={"number": number, "kind": kind.value},
            )
        version = await DB.fetch_value("SELECT version FROM personal_data_requests WHERE id = $1", key)
        await queue_mail(
            application=asked_in,
            kind="data_request_confirm",
            user_id=subject.user_id,
            to_email=subject.email,
            to_name=subject.name,
            language=spoken,
            name=subject.name,
            wanted=kind.value,
            link=links_of(asked_in).url(
                "personal_data_requests", token=_serializer("confirm").dumps([key.hex, version])
            ),
            **({"hours": minutes // 60} if minutes % 60 == 0 else {"minutes": minutes}),
        )
    return key


async def state_of_link(token: str, application: Application) -> tuple[LinkState, DataRequest | None]:
    """What became of a link to confirm, and its request where the link does or did work. Changes nothing."""
    key, version = _read(token)
    row = await DB.fetch_row(_COLUMNS + " WHERE r.id = $1 AND r.application = $2", key, application.id)
    if row is None:
        return LinkState.INVALID, None
    request = _request(row)
    if request.confirmed_at is not None and request.state != DataRequestState.WITHDRAWN:
        return LinkState.CONFIRMED, request
    if request.state != DataRequestState.ASKED or version != request.version:
        return LinkState.INVALID, None
    return (LinkState.EXPIRED if request.is_expired else LinkState.VALID), request


async def confirm(token: str, application: Application) -> bool:
    """Confirms the request of a link, once; False when the link does not work (any more).

    Confirming changes nothing else: staff carry the request out (domain.md 13).
    """
    key, version = _read(token)
    async with DB.transaction():
        row = await DB.fetch_row(_CONFIRM, key, application.id, version)
        if row is None:
            return False
        await record("data request confirmed", user_id=row["user_id"], after={"kind": row["kind"]})
    return True


async def withdraw(request_id: uuid.UUID, user_id: uuid.UUID, visitor: Visitor) -> bool:
    """Takes back an open request of this user; False when there is none of that id."""
    async with DB.transaction():
        row = await DB.fetch_row(
            f'SELECT kind FROM personal_data_requests WHERE id = $1 AND "user" = $2 AND {_OPEN} FOR UPDATE',
            request_id,
            user_id,
        )
        if row is None:
            return False
        await DB.execute(_FINISH, request_id, DataRequestState.WITHDRAWN.value, None, "", "")
        await record("data request withdrawn", visitor=visitor, user_id=user_id, after={"kind": row["kind"]})
    return True


async def decline(request_id: uuid.UUID, comment: str, visitor: Visitor) -> None:
    """Declines an open request and mails the person the reason. Raises Conflict when it is open no more."""
    async with DB.transaction():
        request = await locked_request(request_id)
        if not request.is_open:
            raise Conflict("data request")
        await finish(request, DataRequestState.DECLINED, visitor, comment=comment)
        await tell(request, "data_request_declined", wanted=request.kind.value, comment=comment)


async def finish(
    request: DataRequest, state: DataRequestState, visitor: Visitor, *, comment: str = ""
) -> None:
    """Ends a request in the current transaction, and records who did it."""
    account = visitor.account
    await DB.execute(
        *(_FINISH, request.id, state.value, account.user_id if account is not None else None),
        *(account.name if account is not None else "", comment),
    )
    await record(
        f"data request {state.value.replace('_', ' ')}",
        visitor=visitor,
        user_id=request.user_id,
        after={"number": request.number, "kind": request.kind.value},
        reason=comment,
    )


async def tell(request: DataRequest, kind: str, **context: object) -> None:
    """Queues a mail to the person of a request, in the current transaction."""
    await queue_mail(
        application=application_of_request(request),
        kind=kind,
        user_id=request.user_id,
        to_email=request.email,
        to_name=request.name,
        language=request.language,
        name=request.name,
        **context,
    )


def application_of_request(request: DataRequest) -> Application:
    """Where the request was asked; a shop that still exists, if that one does not."""
    found = application_by_id(request.application)
    return found or next(one for one in all_applications() if not one.is_back_office)


async def request_of_id(request_id: uuid.UUID) -> DataRequest | None:
    """The request, or None."""
    row = await DB.fetch_row(_COLUMNS + " WHERE r.id = $1", request_id)
    return _request(row) if row is not None else None


async def locked_request(request_id: uuid.UUID) -> DataRequest:
    """The request, locked to the end of the current transaction. Raises Conflict when it is gone."""
    row = await DB.fetch_row(_COLUMNS + " WHERE r.id = $1 FOR UPDATE OF r", request_id)
    if row is None:
        raise Conflict("data request")
    return _request(row)


async def requests_of_user(user_id: uuid.UUID) -> list[DataRequest]:
    """The requests of a person, the newest first."""
    rows = await DB.fetch(_COLUMNS + ' WHERE r."user" = $1 ORDER BY r.requested_at DESC, r.id DESC', user_id)
    return [_request(row) for row in rows]


async def open_requests(branch: uuid.UUID | None = None) -> list[DataRequest]:
    """What staff have to do, the most urgent first; those that are yet to be confirmed come last. Where a branch
    of the tree is named, only of people who act for customers of it and for no other."""
    sql = f" WHERE r.{_OPEN} AND {_IN_BRANCH} ORDER BY r.state = 'asked', r.due_at, r.id LIMIT 500"
    return [_request(row) for row in await DB.fetch(_COLUMNS + sql, branch)]


async def finished_requests(branch: uuid.UUID | None = None) -> list[DataRequest]:
    """What was done, the newest first, until it is purged; of a branch as above."""
    sql = f" WHERE NOT r.{_OPEN} AND {_IN_BRANCH} ORDER BY r.finished_at DESC, r.id DESC LIMIT 500"
    return [_request(row) for row in await DB.fetch(_COLUMNS + sql, branch)]


async def purge_finished_requests() -> int:
    """Deletes finished requests, and those that nobody confirmed, after the days that their application sets,
    with the archives and the mails about them; how many there were. A job of the worker."""
    known = {one.id: one.data_request_purge_days for one in all_applications()}
    async with DB.transaction():
        rows = await DB.fetch(
            """
            DELETE FROM personal_data_requests r
            USING unnest($1::text[], $2::int[]) AS setting (application, days)
            WHERE (r.application = setting.application
                   OR (setting.application = '' AND NOT r.application = ANY($1::text[])))
              AND coalesce(r.finished_at, CASE WHEN r.state = 'asked' THEN r.confirm_until END)
                  <= now() - setting.days * interval '1 day'
            RETURNING r.email, r.kind, r.state
            """,
            [*known, ""],
            [*known.values(), 30],
        )
        gone = [one["email"] for one in rows if one["kind"] == "delete" and one["state"] == "carried_out"]
        # The last trace of who was deleted: the mail that told them.
        await DB.execute(
            "DELETE FROM outbox_mails WHERE kind LIKE 'data\\_%' AND to_email = ANY($1::text[])", gone
        )
    return len(rows)


def archive_token(request_id: uuid.UUID) -> str:
    """The token of the link to an archive; it works as long as the archive is kept."""
    return _serializer("archive").dumps([request_id.hex, 0])


def request_of_archive_token(token: str) -> uuid.UUID | None:
    """The request of a link to an archive, or None when nobody made the link."""
    return _read(token, "archive")[0]


def _read(token: str, purpose: str = "confirm") -> tuple[uuid.UUID | None, int]:
    if len(token) > 300:
        return None, 0
    try:
        key, version = _serializer(purpose).loads(token)
        return uuid.UUID(hex=key), int(version)
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None, 0


def _serializer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        list(reversed(settings().secret_keys)),
        salt=f"patron.data-request.{purpose}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


def _request(row: dict[str, Any]) -> DataRequest:
    kinds = {"kind": DataRequestKind(row["kind"]), "state": DataRequestState(row["state"])}
    return DataRequest(**{**row, **kinds})
