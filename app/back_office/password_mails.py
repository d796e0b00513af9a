"""Staff send password mails; they never set or see a password (domain.md 5, trigger 4)."""

import uuid

from app.audit import record
from app.back_office.customer_record import users_with_memberships
from app.sign_in.password_mails import send_password_mail
from app.visitor import Visitor
from tables.engine import DB


async def mail_password_links(customer_id: uuid.UUID, user_id: str, visitor: Visitor) -> list[str]:
    """Mails a link to choose a password to the user of that id, or with "" to all users of the customer; the
    names of those who get one.

    Disabled users get none, for they could not sign in. A user of another customer counts as unknown.
    """
    mailed = []
    async with DB.transaction():
        for user in await users_with_memberships(customer_id):
            is_meant = user_id in ("", str(user.id)) and user.is_active and user.membership_is_active
            if is_meant and await send_password_mail(user.id, "staff"):
                await record("password mail sent", visitor=visitor, user_id=user.id, customer_id=customer_id)
                mailed.append(user.name)
    return mailed
