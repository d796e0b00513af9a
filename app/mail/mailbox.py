"""The mailbox of a development server: the mails that Patron would have sent, read from the mail folder.

Every application shows the mails of all of them, since one act (a registration) mails people of several. In
production these routes do not exist: whoever reads such a mail can use its links.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.parser import HeaderParser
from pathlib import Path
from uuid import UUID

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from app.access import anyone
from app.mail.mail_folder import mail_file, mail_files
from app.pages import Page
from app.settings import settings

NEWEST = 100
# Mails hold links that act for a person: no browser keeps them.
NOT_KEPT = {"cache-control": "no-store"}
WEB_ADDRESS = re.compile(r"(https?://[^\s<>\"]+)")


@dataclass(frozen=True, slots=True)
class ShownMail:
    """A mail as the mailbox shows it; `text` is in pieces, of which those that are links say so."""

    id: UUID
    subject: str
    sender: str
    recipient: str
    sent_at: datetime | None
    text: list[tuple[str, bool]]


@get("/mailbox", name="mailbox", guards=[anyone])
async def mailbox() -> Page:
    """The newest mails."""
    return Page(
        "mailbox/list.html",
        headers=NOT_KEPT,
        mails=await asyncio.to_thread(_newest_mails),
        goes_to_server=bool(settings().smtp_url),
    )


@get("/mailbox/{mail_id:uuid}", name="mailbox_mail", guards=[anyone])
async def mailbox_mail(mail_id: FromPath[UUID]) -> Page:
    """One mail as text, with its links."""
    return Page("mailbox/mail.html", headers=NOT_KEPT, mail=_read(mail_id, await _content(mail_id)))


@get("/mailbox/{mail_id:uuid}/file", name="mailbox_mail_file", guards=[anyone])
async def mailbox_mail_file(mail_id: FromPath[UUID]) -> Response[bytes]:
    """The mail as a file for a mail program, which shows its HTML part too."""
    return Response(
        await _content(mail_id),
        media_type="message/rfc822",
        headers={"content-disposition": f'attachment; filename="{mail_id}.eml"', **NOT_KEPT},
    )


routes: list[HTTPRouteHandler] = [mailbox, mailbox_mail, mailbox_mail_file]


def _newest_mails() -> list[ShownMail]:
    return [_read(mail_id, path.read_bytes()) for mail_id, path in mail_files(NEWEST)]


async def _content(mail_id: UUID) -> bytes:
    def found() -> bytes | None:
        path: Path | None = mail_file(mail_id)
        return path.read_bytes() if path else None

    content = await asyncio.to_thread(found)
    if content is None:
        raise NotFoundException
    return content


def _read(mail_id: UUID, content: bytes) -> ShownMail:
    plain = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    # Headers may be UTF-8 (RFC 6532), which the parser reads from text only.
    headers = HeaderParser(policy=policy.default).parsestr(content.decode("utf-8", "replace"))
    date = headers["Date"]
    return ShownMail(
        id=mail_id,
        subject=str(headers["Subject"] or ""),
        sender=str(headers["From"] or ""),
        recipient=str(headers["To"] or ""),
        sent_at=date.datetime if date else None,
        text=_pieces(plain.get_content() if plain else ""),
    )


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The text cut at its web addresses, which stand at every second place of the split."""
    cut = WEB_ADDRESS.split(text)
    return [(piece, bool(number % 2)) for number, piece in enumerate(cut) if piece]
