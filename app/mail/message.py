"""One queued mail as an Internet message (RFC 5322), so that no text of a person can become a header."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_string, policy
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime, parseaddr
from typing import Any
from uuid import UUID

import idna

from app.applications import application_by_id
from app.mail.rendering import one_line
from app.settings import settings

# RFC 5321, 4.5.3.1.6 allows 998 octets in a line; longer ones are encoded.
LONGEST_LINE = 990


class _Unfolded(UnstructuredHeader):
    """A header that is one long word: the standard library would encode it, and mail programs would not read it."""

    def fold(self, *, policy: Policy) -> str:
        """The header on one line."""
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]  # made by HeaderRegistry


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Unfolded)  # type: ignore[arg-type]  # it mixes in the base itself


class Undeliverable(Exception):
    """This mail can never be sent; trying again is useless. The message says why."""


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """One row of the outbox that is being sent."""

    id: UUID
    message_id: str
    application: str
    kind: str
    language: str
    to_email: str
    to_name: str
    subject: str
    text_body: str
    html_body: str
    unsubscribe_link: str
    created_at: datetime
    attempts: int

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "QueuedMail":
        """The mail of a database row with these columns."""
        return cls(**{name: row[name] for name in cls.__slots__})

    @property
    def needs_smtputf8(self) -> bool:
        """The part before the @ is not ASCII: only servers with SMTPUTF8 (RFC 6531) can take it."""
        return not self.to_email.rpartition("@")[0].isascii()


def message_of(mail: QueuedMail) -> EmailMessage:
    """The message with a text and an HTML part. Raises Undeliverable for an impossible address."""
    written_as = policy.SMTPUTF8 if mail.needs_smtputf8 else policy.SMTP
    message = EmailMessage(policy=written_as.clone(header_factory=_HEADERS))
    message["From"] = sender_of(mail)
    message["To"] = _recipient(mail)
    message["Subject"] = one_line(mail.subject)
    # Both are those of the queueing: a mail that is sent twice is recognised as one (security.md, faults).
    message["Date"] = format_datetime(mail.created_at.astimezone(UTC))
    message["Message-ID"] = mail.message_id
    # No out-of-office answers, please (RFC 3834, 5).
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe_link:
        # What the newsletter is ended with by one press in the mail program (RFC 2369, 3.2; RFC 8058, 3.1).
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_link}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text_body, cte=_encoding(mail.text_body))
    message.add_alternative(mail.html_body, subtype="html", cte=_encoding(mail.html_body))
    # Last, since the lines above move every Content header into the parts.
    message["Content-Language"] = mail.language
    return message


def sender_of(mail: QueuedMail) -> Address:
    """The sender of the settings; without a name there, the application's name stands before the address."""
    name, address = parseaddr(settings().mail_from)
    application = application_by_id(mail.application)
    local_part, _, domain = address.rpartition("@")
    return Address(one_line(name or (application.name if application else "")), local_part, _ascii(domain))


def address_of(mail: QueuedMail) -> str:
    """The address for the envelope: the stored one, its domain in ASCII (RFC 5891). Raises Undeliverable."""
    local_part, _, domain = mail.to_email.rpartition("@")
    return f"{local_part}@{_ascii(domain)}"


def _recipient(mail: QueuedMail) -> Address:
    local_part, _, domain = mail.to_email.rpartition("@")
    try:
        bare = Address("", local_part, _ascii(domain))
        named = Address(one_line(mail.to_name), local_part, _ascii(domain))
    except (ValueError, MessageError) as error:
        raise Undeliverable(f"the address cannot be written in a message: {error}") from error
    return named if _reads_as(named, mail) else bare


def _reads_as(address: Address, mail: QueuedMail) -> bool:
    """Whether the header, written and read again, is exactly this one recipient.

    The writer of the standard library has folded rare names wrongly more than once; such a name is left out.
    """
    probe = EmailMessage(policy=policy.SMTPUTF8 if mail.needs_smtputf8 else policy.SMTP)
    try:
        probe["To"] = address
        read = message_from_string(probe.as_string(), policy=policy.default)
    except (ValueError, MessageError):
        return False
    if read.keys() != ["To"]:
        return False
    found = read["To"].addresses
    return [one.addr_spec for one in found] == [address.addr_spec]


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise Undeliverable(f"the domain of the address is none: {error}") from error


def _encoding(body: str) -> str:
    if max((len(line.encode()) for line in body.splitlines()), default=0) > LONGEST_LINE:
        return "quoted-printable"
    return "7bit" if body.isascii() else "8bit"
