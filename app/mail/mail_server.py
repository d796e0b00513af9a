"""The mail server of the settings, spoken to by SMTP (RFC 5321)."""

from contextlib import suppress
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException
from aiosmtplib.errors import SMTPDataError

from app.mail.message import QueuedMail, Undeliverable, address_of, message_of, sender_of

# Seconds that the server may take for each answer.
TIMEOUT = 10
PORTS = {"smtps": 465, "smtp": 25}
SUBMISSION_PORT = 587


class ServerUnreachable(Exception):
    """No connection, or the server does not let us in: no mail can be sent now."""


class MailServer:
    """Delivers mails over one connection, which is made when the first mail needs it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: SMTP | None = None

    async def connect(self) -> None:
        """Connects and signs in, if there is no connection yet. Raises ServerUnreachable."""
        await self._connection()

    async def deliver(self, mail: QueuedMail) -> None:
        """Returns when the server has taken the mail.

        Raises ServerUnreachable when no mail can be sent now, Undeliverable when this one never can
        (the server answered 5xx to the recipient or the content), and SMTPException or OSError otherwise.
        """
        message, recipient, sender = message_of(mail), address_of(mail), sender_of(mail).addr_spec
        client = await self._connection()
        try:
            await client.send_message(message, sender=sender, recipients=[recipient])
        except SMTPRecipientsRefused as refusal:
            raise _verdict(refusal.recipients[0]) from refusal
        except SMTPDataError as refusal:
            raise _verdict(refusal) from refusal
        except SMTPNotSupported as refusal:
            raise Undeliverable(refusal.message) from refusal
        except BaseException:
            # A late answer would be taken for that to the next mail, which therefore gets a new connection.
            self._client = None
            client.close()
            raise

    async def close(self) -> None:
        """Says goodbye; a server that does not answer is left."""
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            with suppress(SMTPException, OSError):
                await client.quit(timeout=TIMEOUT)
            client.close()

    async def _connection(self) -> SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        self._client = None
        client = _client_for(self._url)
        try:
            await client.connect()
        except (SMTPException, OSError) as error:
            client.close()
            raise ServerUnreachable(f"{type(error).__name__}: {error}") from error
        self._client = client
        return client


def _client_for(url: str) -> SMTP:
    parts = urlsplit(url)
    user = unquote(parts.username) if parts.username else None
    encrypted = parts.scheme == "smtps"
    # With a password the connection must be encrypted and the certificate right. Without one, encryption is
    # used when it is offered, with any certificate: that is better than none, and nothing secret is at stake.
    must_be_safe = encrypted or user is not None
    default_port = SUBMISSION_PORT if user is not None and not encrypted else PORTS[parts.scheme]
    return SMTP(
        hostname=parts.hostname,
        port=parts.port or default_port,
        username=user,
        password=unquote(parts.password) if parts.password else None,
        timeout=TIMEOUT,
        use_tls=encrypted,
        start_tls=(True if must_be_safe else None) if not encrypted else False,
        validate_certs=must_be_safe,
    )


def _verdict(refusal: SMTPResponseException) -> Exception:
    """5xx is the server's last word (RFC 5321, 4.2.1), anything else an invitation to try again."""
    words = f"{refusal.code} {refusal.message}"
    return Undeliverable(words) if refusal.code >= 500 else SMTPException(words)
