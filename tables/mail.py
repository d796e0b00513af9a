"""The mail outbox (security.md, Concurrency and faults)."""

from piccolo.columns import UUID, Integer, Text, Timestamptz, Varchar
from piccolo.table import Table

from tables.keys import new_key


class OutboxMail(Table, tablename="outbox_mails"):
    """One mail to one person, written in the transaction that causes it."""

    id = UUID(primary_key=True, default=new_key)
    # Fixed before the first try, so that a mail that is sent twice is recognised as the same one.
    message_id = Varchar(length=200, unique=True)
    application = Varchar(length=40)
    kind = Varchar(length=60)
    language = Varchar(length=10)
    # Whose mail it is, whatever their e-mail will be; null for who has no login, and in rows that are older than this
    # column. Not a foreign key, as in the audit log: a mail outlives its reader, and waits for nobody.
    user_id = UUID(null=True, default=None)
    to_email = Varchar(length=320)
    to_name = Varchar(length=250, default="")
    subject = Text()
    # Emptied once the mail was sent: links that act for a person are not kept.
    text_body = Text()
    html_body = Text()
    # Where a mail program ends the newsletter by itself (RFC 8058); only mails that advertise have one.
    unsubscribe_link = Text(default="")
    created_at = Timestamptz()
    due_at = Timestamptz()
    attempts = Integer(default=0)
    claimed_until = Timestamptz(null=True, default=None)
    sent_at = Timestamptz(null=True, default=None)
    gave_up_at = Timestamptz(null=True, default=None)
    last_error = Text(default="")
