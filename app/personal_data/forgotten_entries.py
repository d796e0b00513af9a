"""Taking a person out of the audit log (domain.md 13, Deletion).

That something was done, when, by whose id and to whose id stays; names and values go. The log is append-only but for
a transaction that says, as this one does, that it forgets a person.
"""

import uuid
from collections.abc import Sequence

from app.personal_data.known_as import is_theirs
from app.personal_data.mentions import Mentions, whole
from tables.engine import DB

# Who was removed by a company and registered anew had another id before (app/customers/handing_over.py).
_WHO_WERE_THEY = f"""
    SELECT DISTINCT a.user_id FROM audit_entries a
    WHERE a.user_id IS NOT NULL AND NOT EXISTS (SELECT FROM users u WHERE u.id = a.user_id)
      AND {is_theirs("lower(coalesce(a.before ->> 'email', a.after ->> 'email'))", "a.happened_at", "$1", "$2")}
"""
# Besides what is about the person or their own customer:
# - What names their e-mail and no user (app/personal_data/mentions.py).
# - Addresses that they entered before entries said whose a personal address is. Entries that say whether an address
#   is shared are younger (app/customers/addresses.py).
# - Their name as that of who stood in for somebody or looked after a company.
_FORGET = """
    UPDATE audit_entries a SET before = '{}', after = '{}', reason = ''
    WHERE a.user_id = ANY($1::uuid[]) OR a.customer_id = ANY($2::uuid[]) OR a.id = ANY($3::uuid[])
       OR (a.actor_id = ANY($1::uuid[]) AND a.user_id IS NULL AND a.action LIKE 'address %'
           AND NOT (a.before || a.after) ? 'is_shared')
       OR (a.action IN ('stand-in ended', 'account manager added', 'account manager removed')
           AND coalesce(a.before ->> 'name', a.before ->> 'account_manager', a.after ->> 'account_manager')
               = ANY($4::text[]))
"""
# An entry about somebody else keeps its facts. A name is looked for in notes on what was theirs only: others may have
# the same.
_FORGET_REASONS = """
    UPDATE audit_entries a SET reason = ''
    WHERE a.reason <> '' AND (a.id = ANY($1::uuid[]) OR (
        a.customer_id = ANY(ARRAY(SELECT customer_id FROM audit_entries
                                  WHERE user_id = ANY($2::uuid[]) AND customer_id IS NOT NULL))
        AND lower(a.reason) ~ ANY($3::text[])))
"""


async def forget_entries(user_id: uuid.UUID | None, own: Sequence[uuid.UUID], mentions: Mentions) -> None:
    """Takes a user, their own customers and whatever they were known as out of the audit log, in the current
    transaction; or a guest, who has only an e-mail."""
    known = mentions.known
    await DB.execute("SELECT set_config('patron.forgets_a_person', 'yes', true)")
    before = [row["user_id"] for row in await DB.fetch(_WHO_WERE_THEY, known.emails, known.until)]
    ids = before if user_id is None else [user_id, *before]
    await DB.execute(_FORGET, ids, list(own), mentions.entries, known.names)
    await DB.execute(_FORGET_REASONS, mentions.reasons, ids, [whole(one) for one in known.names])
    await DB.execute("UPDATE audit_entries SET actor_name = '' WHERE actor_id = ANY($1::uuid[])", ids)
    await DB.execute("SELECT set_config('patron.forgets_a_person', '', true)")
