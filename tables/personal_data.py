"""Personal data requests: export my data, delete my data (domain.md 13)."""

from enum import StrEnum

from piccolo.columns import UUID, Bytea, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from tables.customers import Customer, User
from tables.keys import new_key


class DataRequestKind(StrEnum):
    """What a person asks for."""

    EXPORT = "export"
    DELETE = "delete"


class DataRequestState(StrEnum):
    """Where a request stands. Confirming changes nothing else: staff carry the request out."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    CARRIED_OUT = "carried_out"
    DECLINED = "declined"
    # Taken back by the person before staff carried it out.
    WITHDRAWN = "withdrawn"


class DataRequestOrigin(StrEnum):
    """Who entered a request."""

    ACCOUNT = "account"
    GUEST = "guest"
    STAFF = "staff"


class PersonalDataRequest(Table, tablename="personal_data_requests"):
    """A request about personal data, from asking to purging."""

    id = UUID(primary_key=True, default=new_key)
    number = Varchar(length=40, unique=True)
    kind = Varchar(length=10, choices=DataRequestKind)
    state = Varchar(length=20, choices=DataRequestState, default=DataRequestState.ASKED, index=True)
    origin = Varchar(length=10, choices=DataRequestOrigin)
    # Null for guests, of whom the shop knows orders by their e-mail only.
    user = ForeignKey(User, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    customer = ForeignKey(Customer, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    email = Varchar(length=320)
    email_canonical = Varchar(length=400, index=True)
    application = Varchar(length=40)
    language = Varchar(length=10)
    requested_at = Timestamptz()
    # The link in the mail; a newer mail replaces it.
    confirm_until = Timestamptz()
    confirmed_at = Timestamptz(null=True, default=None)
    # Until when the shop has to answer.
    due_at = Timestamptz(null=True, default=None, index=True)
    finished_at = Timestamptz(null=True, default=None, index=True)
    # Name and id of the staff member; the entry outlives them.
    finished_by = UUID(null=True, default=None)
    finished_by_name = Text(default="")
    comment = Text(default="")
    # The export, until the request is purged.
    archive = Bytea(null=True, default=None)
    archive_fetched_at = Timestamptz(null=True, default=None)
    version = Integer(default=1)
