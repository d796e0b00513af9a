"""A mail server that really listens, for tests to send to."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.patron_process import free_port


@dataclass
class RealMailServer:
    """What a mail server on this machine was given, and how it answers recipients and contents."""

    port: int = field(default_factory=free_port)
    received: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    answers_to_recipients: dict[str, str] = field(default_factory=dict)
    answer_to_content: str = "250 taken"
    connections: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers_to_recipients.get(address, "250 known")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer_to_content.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.received.append(message)
            self.envelopes.append(envelope)
        return self.answer_to_content

    @contextmanager
    def listening(
        self, *, encrypted_by: ssl.SSLContext | None = None, **options: Any
    ) -> Iterator["RealMailServer"]:
        """The server, which listens until the end of the block."""
        options = {"enable_SMTPUTF8": True, "ssl_context": encrypted_by, "ready_timeout": 60, **options}
        controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()
