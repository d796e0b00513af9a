"""Carrying out what a person asked for and confirmed: by staff, never by the confirmation (domain.md 13)."""

import uuid

from app.customers.departures import has_given_up_login
from app.customers.emails import canonical_email
from app.errors import Conflict
from app.links import links_of
from app.personal_data.archive import archive_of
from app.personal_data.deletion import find_mentions, forget_guest, forget_user, lock_person
from app.personal_data.known_as import KnownAs, is_theirs
from app.personal_data.mentions import Mentions
from app.personal_data.requests import (
    DataRequest,
    application_of_request,
    archive_token,
    finish,
    locked_request,
    request_of_id,
    tell,
)
from app.visitor import Visitor
from tables import DataRequestKind, DataRequestState
from tables.engine import DB


async def carry_out(
    request_id: uuid.UUID, visitor: Visitor, *, without_administrator: str = ""
) -> DataRequest:
    """Makes the archive, or deletes the data, and tells the person by mail; all of it or nothing.

    Raises Conflict for a request that is not confirmed or was finished meanwhile, and what
    `app.personal_data.deletion.forget_user` raises.
    """
    asked = await request_of_id(request_id)
    found = None
    if asked is not None and asked.kind is DataRequestKind.DELETE and asked.can_be_carried_out:
        found = await find_mentions(asked.user_id, asked.email)
    async with DB.transaction():
        asked = await request_of_id(request_id)
        if asked is not None and asked.kind is DataRequestKind.DELETE and asked.user_id is not None:
            # Before the request: whoever moves the user to another company locks it afterwards.
            await lock_person(asked.user_id)
        request = await locked_request(request_id)
        if not request.can_be_carried_out:
            raise Conflict("data request")
        if request.kind is DataRequestKind.EXPORT:
            await _export(request, visitor)
        else:
            await _delete(request, visitor, without_administrator, found)
    return request


async def archive_to_fetch(request_id: uuid.UUID, *, user_id: uuid.UUID | None = None) -> bytes | None:
    """The archive of a request, of this user if one is named; None when there is none (any more)."""
    return await DB.fetch_value(  # type: ignore[no-any-return]  # a column of bytes
        """UPDATE personal_data_requests SET archive_fetched_at = coalesce(archive_fetched_at, now())
           WHERE id = $1 AND ($2::uuid IS NULL OR "user" = $2) AND archive IS NOT NULL RETURNING archive""",
        request_id,
        user_id,
    )


async def needs_sign_in(request: DataRequest) -> bool:
    """Whether the archive is for a signed-in person only: no link in a mail replaces a second factor, and the mail
    may lie in a mailbox that is the person's no more. Who was removed by their company cannot sign in."""
    return bool(
        await DB.fetch_value(
            """SELECT (EXISTS (SELECT FROM second_factors WHERE "user" = $1 AND confirmed_at IS NOT NULL)
                       OR EXISTS (SELECT FROM users u JOIN personal_data_requests r ON r.id = $2
                                  WHERE u.id = $1 AND u.email_canonical <> r.email_canonical))"""
            f" AND NOT {has_given_up_login('$1')}",
            request.user_id,
            request.id,
        )
    )


async def _export(request: DataRequest, visitor: Visitor) -> None:
    application = application_of_request(request)
    archive = await archive_of(request.user_id, request.email, application, request.language)
    await finish(request, DataRequestState.CARRIED_OUT, visitor)
    await DB.execute("UPDATE personal_data_requests SET archive = $2 WHERE id = $1", request.id, archive)
    await tell(
        request,
        "data_archive_ready",
        link=links_of(application).url("data_archive", token=archive_token(request.id)),
        days=application.data_request_purge_days,
    )


async def _delete(
    request: DataRequest, visitor: Visitor, without_administrator: str, found: Mentions | None
) -> None:
    await finish(request, DataRequestState.CARRIED_OUT, visitor)
    known: KnownAs | None
    if request.user_id is not None:
        known = await forget_user(
            request.user_id, visitor, without_administrator=without_administrator, found=found
        )
    else:
        known = await forget_guest(request.email, found)
    await _forget_archives(request, known)
    await tell(request, "data_deleted")


async def _forget_archives(request: DataRequest, known: KnownAs | None) -> None:
    """What was exported before, and other open requests, end with the person, whatever e-mail they had then."""
    await DB.execute(
        f"""DELETE FROM personal_data_requests
            WHERE id <> $1 AND ("user" = $2 OR ("user" IS NULL AND (
                email_canonical = $3 OR {is_theirs("email_canonical", "requested_at", "$4", "$5")})))""",
        request.id,
        request.user_id,
        canonical_email(request.email),
        known.emails if known is not None else [],
        known.until if known is not None else [],
    )
