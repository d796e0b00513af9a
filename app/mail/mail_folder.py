"""The folder of mail files: where mails go without a mail server, and what the mailbox shows."""

import asyncio
import os
import secrets
from pathlib import Path
from uuid import UUID

from app.mail.message import QueuedMail, message_of
from app.settings import settings


def mail_folder() -> Path:
    """The folder `mail` in the data folder; it exists once a mail was written."""
    return settings().data_dir / "mail"


class MailFolder:
    """Delivers each mail as a file `<time>-<kind>-<id>.eml` that only the owner of the process can read."""

    async def deliver(self, mail: QueuedMail) -> None:
        """Writes the file; a mail that is delivered twice is still one file."""
        await asyncio.to_thread(_write, mail)

    async def close(self) -> None:
        """Nothing is left open."""


def _write(mail: QueuedMail) -> None:
    folder = mail_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A half-written file is never seen under the final name, and a rest of a killed process is no mail.
    unfinished = folder / f".{mail.id}-{secrets.token_hex(4)}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(message_of(mail).as_bytes())
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(folder / _file_name(mail))
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _file_name(mail: QueuedMail) -> str:
    time = mail.created_at.strftime("%Y%m%dT%H%M%S") + f"{mail.created_at.microsecond // 1000:03}Z"
    return f"{time}-{mail.kind}-{mail.id}.eml"


def mail_files(newest: int) -> list[tuple[UUID, Path]]:
    """The newest mail files with their ids, newest first."""
    try:
        names = sorted((one.name for one in os.scandir(mail_folder())), reverse=True)
    except FileNotFoundError:
        return []
    found = ((_id_in(name), mail_folder() / name) for name in names)
    return [(key, path) for key, path in found if key is not None][:newest]


def mail_file(mail_id: UUID) -> Path | None:
    """The file of that mail, found among the names of the folder: no path is made from what a client sent."""
    return next((path for key, path in mail_files(newest=100_000) if key == mail_id), None)


def _id_in(file_name: str) -> UUID | None:
    if file_name.startswith(".") or not file_name.endswith(".eml"):
        return None
    try:
        return UUID(file_name.removesuffix(".eml")[-36:])
    except ValueError:
        return None
