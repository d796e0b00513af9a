"""What staff type in the back office."""

import uuid
from dataclasses import dataclass
from typing import Annotated

from app.forms import Field, Form, Invalid, Several, Text, WhereTo
from app.languages import gettext as _


def typed_id(typed: str) -> uuid.UUID | None:
    """The id that a form sends; None for nothing, or for what is no id."""
    try:
        return uuid.UUID(typed)
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class Version(Field):
    """The version of what a page showed, in a hidden field; None where the form has none."""

    required: bool = False

    def empty(self) -> None:
        """No version was sent."""
        return

    def value(self, raw: str) -> int:
        """Refuses what is no positive number that the database can hold."""
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 9):
            raise Invalid(_("This form is broken. Please reload the page and try again."))
        return int(raw)


class VersionForm(Form):
    """A button that changes what the page shows."""

    version: Annotated[int | None, Version()]


class RejectionForm(Form):
    """Rejecting one customer; the comment goes to the applicant."""

    version: Annotated[int | None, Version()]
    comment: Annotated[str, Text(required=False, multiline=True, max_length=2000)]


class BulkForm(Form):
    """Approving or rejecting the ticked customers of the list."""

    number: Annotated[list[str], Several(required=True)]
    comment: Annotated[str, Text(required=False, multiline=True, max_length=2000)]
    next: Annotated[str, WhereTo()]


class PasswordMailForm(Form):
    """Whom the password mail goes to; empty means all users of the customer."""

    user: Annotated[str, Text(required=False)]


class SearchForm(Form):
    """The search above the list of customers."""

    q: Annotated[str, Text(required=False)]
    type: Annotated[str, Text(required=False)]
    status: Annotated[str, Text(required=False)]
    approval: Annotated[str, Text(required=False)]
    segment: Annotated[str, Text(required=False)]


class AuditForm(Form):
    """The filter above the audit log."""

    action: Annotated[str, Text(required=False)]
    customer: Annotated[str, Text(required=False)]
