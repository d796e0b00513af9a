"""How companies run themselves: roles, invitations, joining, requisitions, order templates (domain.md 10)."""

from enum import StrEnum

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    ForeignKey,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.constraints import Unique
from piccolo.table import Table

from tables.catalog import Product
from tables.customers import Customer, Membership, User
from tables.keys import new_key
from tables.orders import Order


class CompanyRole(Table, tablename="company_roles"):
    """A role that a company has made: a bundle of permissions. Memberships name it by its id."""

    id = UUID(primary_key=True, default=new_key)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade)
    name = Varchar(length=100)
    permissions = Array(base_column=Varchar(length=40), default=list)
    version = Integer(default=1)
    created_at = Timestamptz()

    one_of_a_name = Unique([customer, name])


class Invitation(Table, tablename="invitations"):
    """Somebody is asked by mail to join a company. The link carries the signed id of this row."""

    id = UUID(primary_key=True, default=new_key)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    application = Varchar(length=40)
    email = Varchar(length=320)
    email_canonical = Varchar(length=400, index=True)
    first_name = Varchar(length=100, default="")
    last_name = Varchar(length=100, default="")
    language = Varchar(length=10, default="en")
    roles = Array(base_column=Varchar(length=60), default=list)
    # Minor units, as on Membership.
    order_limit = BigInt(null=True, default=None)
    budget_amount = BigInt(null=True, default=None)
    budget_period = Varchar(length=10, default="")
    # Null when the inviter has left since; then the invitation does not work any more.
    invited_by = ForeignKey(Membership, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    created_at = Timestamptz()
    sent_at = Timestamptz()
    expires_at = Timestamptz()
    accepted_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)


class JoinRequestState(StrEnum):
    """What became of a wish to join."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class JoinRequest(Table, tablename="join_requests"):
    """Somebody with a verified e-mail of the company's domain asks to join."""

    id = UUID(primary_key=True, default=new_key)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, index=True)
    state = Varchar(length=10, choices=JoinRequestState, default=JoinRequestState.PENDING)
    comment = Text(default="")
    requested_at = Timestamptz()
    decided_at = Timestamptz(null=True, default=None)
    decided_by = ForeignKey(User, null=True, default=None, on_delete=OnDelete.set_null)


class UserImportState(StrEnum):
    """Where a list of people to invite stands."""

    UPLOADED = "uploaded"
    READING = "reading"
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class UserImport(Table, tablename="user_imports"):
    """A CSV file of people to invite: read, checked and queued by the worker, off the request."""

    id = UUID(primary_key=True, default=new_key)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    started_by = ForeignKey(Membership, null=True, default=None, on_delete=OnDelete.set_null)
    application = Varchar(length=40)
    language = Varchar(length=10)
    file_name = Varchar(length=200)
    # Until it is read.
    content = Bytea(null=True, default=None)
    state = Varchar(length=10, choices=UserImportState, default=UserImportState.UPLOADED, index=True)
    problem = Text(default="")
    lines = Integer(default=0)
    lines_done = Integer(default=0)
    claimed_until = Timestamptz(null=True, default=None)
    # How often a worker has begun since any of it was done.
    tries = Integer(default=0)
    created_at = Timestamptz()
    finished_at = Timestamptz(null=True, default=None)


class UserImportLine(Table, tablename="user_import_lines"):
    """A line of such a file with its result."""

    id = UUID(primary_key=True, default=new_key)
    user_import = ForeignKey(UserImport, null=False, on_delete=OnDelete.cascade)
    # The line in the file, its head being line 1.
    number = Integer()
    content = JSONB(default="{}")
    result = Varchar(length=20, default="")
    problem = Text(default="")
    invitation = ForeignKey(Invitation, null=True, default=None, on_delete=OnDelete.set_null)

    one_for_each_line = Unique([user_import, number])


class RequisitionState(StrEnum):
    """Where a requisition stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Requisition(Table, tablename="requisitions"):
    """An order beyond the buyer's limits: it waits until somebody with the permission decides."""

    id = UUID(primary_key=True, default=new_key)
    number = Varchar(length=40, unique=True)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade)
    # The buyer; null when the user has been removed since.
    user = ForeignKey(User, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    membership = ForeignKey(Membership, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    buyer_name = Varchar(length=250, default="")
    application = Varchar(length=40)
    language = Varchar(length=10, default="en")
    state = Varchar(length=10, choices=RequisitionState, default=RequisitionState.PENDING)
    # What exceeded what: the limits as they were, and what was spent.
    reasons = JSONB(default="[]")
    # All that the order needs besides the lines: address copies, shipping, payment, code, totals.
    checkout = JSONB(default="{}")
    currency = Varchar(length=3, default="EUR")
    is_net = Boolean(default=True)
    net_total = BigInt(default=0)
    gross_total = BigInt(default=0)
    comment = Text(default="")
    created_at = Timestamptz()
    expires_at = Timestamptz()
    decided_at = Timestamptz(null=True, default=None)
    decided_by = ForeignKey(User, null=True, default=None, on_delete=OnDelete.set_null)
    decided_by_name = Text(default="")
    decision_comment = Text(default="")
    order = ForeignKey(Order, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    idempotency_key = Varchar(length=60, null=True, default=None, unique=True)
    version = Integer(default=1)


class RequisitionLine(Table, tablename="requisition_lines"):
    """A line of a requisition: what the buyer saw when asking."""

    id = UUID(primary_key=True, default=new_key)
    requisition = ForeignKey(Requisition, null=False, on_delete=OnDelete.cascade, index=True)
    product = ForeignKey(Product, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    position = Integer()
    sku = Varchar(length=60)
    name = Text()
    unit = Text(default="")
    quantity = Integer()
    unit_price = BigInt()
    line_total = BigInt()


class OrderTemplate(Table, tablename="order_templates"):
    """A list of products that is ordered again and again, of one user or shared in the company."""

    id = UUID(primary_key=True, default=new_key)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    user = ForeignKey(User, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    name = Varchar(length=200)
    is_shared = Boolean(default=False)
    version = Integer(default=1)
    created_at = Timestamptz()


class OrderTemplateLine(Table, tablename="order_template_lines"):
    """A product of an order template."""

    id = UUID(primary_key=True, default=new_key)
    template = ForeignKey(OrderTemplate, null=False, on_delete=OnDelete.cascade)
    product = ForeignKey(Product, null=False, on_delete=OnDelete.cascade, index=True)
    quantity = Integer()
    position = Integer(default=0)

    once_in_a_template = Unique([template, product])


class CustomerMerge(Table, tablename="customer_merges"):
    """Two customers that were made one, with all that is needed to undo it for a time."""

    id = UUID(primary_key=True, default=new_key)
    kept = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    # The number of the other, which exists no more unless the merge is undone.
    merged_number = Varchar(length=40)
    # Rows as they were before, by table.
    before = JSONB(default="{}")
    merged_at = Timestamptz()
    merged_by = UUID(null=True, default=None)
    merged_by_name = Text(default="")
    undone_at = Timestamptz(null=True, default=None)
