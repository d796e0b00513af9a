"""Staff members: who may sign in to the back office (domain.md 1, 15)."""

import uuid
from collections.abc import Iterable

from app.audit import record
from app.back_office.privileges import ALL_PRIVILEGES
from app.customers.creation import LoginTaken, NewUser, create_user
from app.sign_in.breached_passwords import breach_problem
from app.sign_in.password_mails import send_password_mail
from app.sign_in.passwords import hash_password, password_problem
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key


class StaffMemberRefused(ValueError):
    """A staff member cannot be added; the message is a sentence that says why."""


class StaffLoginTaken(StaffMemberRefused):
    """Another user has this login."""


async def add_staff_member(
    *,
    email: str,
    login: str,
    first_name: str,
    last_name: str,
    privileges: Iterable[str] = ALL_PRIVILEGES,
    password: str | None = None,
    preferred_language: str = "en",
    visitor: Visitor | None = None,
) -> uuid.UUID:
    """Adds a user who may sign in to the back office; the id of the user.

    Without a password a mail asks the person to choose one (domain.md 5, trigger 1). The e-mail counts as
    verified, since whoever adds staff vouches for it. Raises StaffMemberRefused for a login that is taken, an
    unknown privilege and a password that is too easy.
    """
    wanted = list(dict.fromkeys(str(one) for one in privileges))
    unknown = [one for one in wanted if one not in ALL_PRIVILEGES]
    if unknown:
        raise StaffMemberRefused(f"There is no privilege {unknown[0]}.")
    _check_names(email, login)
    password_hash = None
    if password is not None:
        problem = password_problem(password, [email, login, first_name, last_name])
        problem = problem or await breach_problem(password)
        if problem is not None:
            raise StaffMemberRefused(problem)
        password_hash = await hash_password(password)
    async with DB.transaction():
        person = NewUser(
            login=login,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password_hash=password_hash,
            preferred_language=preferred_language,
            email_verified_at=await DB.fetch_value("SELECT now()"),
        )
        user_id = await _insert(person, wanted)
        after = {"login": login, "privileges": wanted}
        await record("staff member added", visitor=visitor, user_id=user_id, after=after)
        if password_hash is None:
            await send_password_mail(user_id, "created")
    return user_id


async def _insert(person: NewUser, privileges: list[str]) -> uuid.UUID:
    try:
        user = await create_user(person)
    except LoginTaken:
        raise StaffLoginTaken(f"The login {person.login} is taken.") from None
    await DB.execute(
        'INSERT INTO staff_members (id, "user", privileges, is_active, created_at)'
        " VALUES ($1, $2, $3, true, now())",
        new_key(),
        user.id,
        privileges,
    )
    return user.id


def _check_names(email: str, login: str) -> None:
    if not login.strip() or not login.isprintable():
        raise StaffMemberRefused("The login must not be empty.")
    name, at, host = email.rpartition("@")
    if not (name and at and host) or not email.isprintable():
        raise StaffMemberRefused(f"{email} is no e-mail address.")
