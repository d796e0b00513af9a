"""Sending a newsletter: one mail to everybody who confirmed it, through the outbox."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from app.applications import Application
from app.audit import record
from app.mail.outbox import queue_mail
from app.newsletter.opt_in import unsubscribe_link
from app.visitor import Visitor
from tables.engine import DB

# The newest word of a person counts, and where it was given says which shop's newsletter is meant.
_READERS = """
    SELECT u.id, u.email, u.preferred_language, word.unsubscribe_key,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name
    FROM users u
    JOIN LATERAL (SELECT k.is_given, k.application, k.unsubscribe_key FROM consents k
                  WHERE k."user" = u.id AND k.kind = 'newsletter'
                  ORDER BY k.recorded_at DESC, k.id DESC LIMIT 1) word ON true
    WHERE word.is_given AND word.application = $1 AND u.is_active AND u.email_verified_at IS NOT NULL
      AND u.anonymised_at IS NULL
"""


async def count_readers(application: Application) -> int:
    """How many people would get a newsletter of this shop now."""
    count: int = await DB.fetch_value(f"SELECT count(*) FROM ({_READERS}) readers", application.id)
    return count


@dataclass(frozen=True, slots=True)
class Words:
    """A newsletter in one language; `text` has an empty line between paragraphs."""

    headline: str
    text: str


async def send_newsletter(
    application: Application, words: Mapping[str, Words], key: uuid.UUID, visitor: Visitor
) -> int:
    """Queues a newsletter for everybody who confirmed it; how many mails there are.

    `words` has at least one language: each reader gets their own, or the first that was written where theirs was
    not. `key` is of the form: sent twice, it goes out once, and the second time gives 0.
    """
    fallback = next(iter(words.values()))
    async with DB.transaction():
        await DB.execute("SELECT pg_advisory_xact_lock(hashtextextended('newsletter', 13))")
        if await DB.fetch_value(
            "SELECT EXISTS (SELECT FROM audit_entries WHERE action = 'newsletter sent' AND after->>'key' = $1)",
            str(key),
        ):
            return 0
        readers = await DB.fetch(_READERS + " ORDER BY u.id", application.id)
        for one in readers:
            language = one["preferred_language"]
            await queue_mail(
                application=application,
                kind="newsletter",
                user_id=one["id"],
                to_email=one["email"],
                to_name=one["name"],
                language=language if language in application.languages else application.languages[0],
                name=one["name"],
                **asdict(words.get(language, fallback)),
                unsubscribe_link=unsubscribe_link(one["unsubscribe_key"], application),
            )
        await record(
            "newsletter sent",
            visitor=visitor,
            after={
                "key": str(key),
                "shop": application.id,
                "headline": " / ".join(one.headline for one in words.values()),
                "mails": len(readers),
            },
        )
    return len(readers)
