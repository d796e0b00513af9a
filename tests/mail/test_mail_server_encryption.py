"""Encryption on the way to the mail server: required with a password, taken when offered without one."""

import datetime
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.mail.mail_server import MailServer, ServerUnreachable
from app.mail.sender import send_due_mails
from tables.engine import DB
from tests.mail.real_mail_server import RealMailServer
from tests.patron_process import free_port

MailGoesTo = Callable[..., None]
QueueVerification = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that only those trust who are told to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mail server of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "mail-server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def encryption(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


class Doorkeeper:
    """Remembers who came with which password."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, bytes]] = []

    def __call__(
        self, server: object, session: object, envelope: object, mechanism: str, data: object
    ) -> AuthResult:
        login, password = data.login, data.password  # type: ignore[attr-defined]  # aiosmtpd's LoginPassword
        self.seen.append((login, password))
        # Not handled here: the server itself answers.
        return AuthResult(success=password == b"very secret", handled=False)


async def last_error() -> str:
    return str(await DB.fetch_value("SELECT last_error FROM outbox_mails"))


async def test_a_password_goes_to_a_server_with_the_right_certificate(
    mail_goes_to: MailGoesTo,
    queue_verification: QueueVerification,
    encryption: ssl.SSLContext,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    doorkeeper = Doorkeeper()
    with RealMailServer().listening(tls_context=encryption, authenticator=doorkeeper) as server:
        mail_goes_to(f"smtp://patron:very%20secret@127.0.0.1:{server.port}")
        await queue_verification()
        assert await send_due_mails() == 0
        assert "certificate" in (await last_error()).lower()
        assert doorkeeper.seen == []

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await DB.execute("UPDATE outbox_mails SET due_at = now()")
        assert await send_due_mails() == 1
    assert doorkeeper.seen == [(b"patron", b"very secret")]
    assert len(server.received) == 1


async def test_the_connection_can_be_tried_without_a_mail(mail_server: RealMailServer) -> None:
    server = MailServer(mail_server.url)
    await server.connect()
    await server.close()
    assert mail_server.connections == 1
    with pytest.raises(ServerUnreachable):
        await MailServer(f"smtp://127.0.0.1:{free_port()}").connect()


async def test_a_wrong_password_delays_all_mails_and_gives_up_none(
    mail_goes_to: MailGoesTo,
    queue_verification: QueueVerification,
    encryption: ssl.SSLContext,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with RealMailServer().listening(tls_context=encryption, authenticator=Doorkeeper()) as server:
        mail_goes_to(f"smtp://patron:wrong@127.0.0.1:{server.port}")
        await queue_verification()
        assert await send_due_mails() == 0
    (row,) = await DB.fetch("SELECT gave_up_at, last_error FROM outbox_mails")
    assert row["gave_up_at"] is None
    assert "535" in row["last_error"]
    assert "wrong" not in row["last_error"]


async def test_without_a_password_encryption_is_used_when_it_is_offered(
    mail_goes_to: MailGoesTo, queue_verification: QueueVerification, encryption: ssl.SSLContext
) -> None:
    # This server refuses every unencrypted mail.
    with RealMailServer().listening(tls_context=encryption, require_starttls=True) as server:
        mail_goes_to(server.url)
        await queue_verification()
        assert await send_due_mails() == 1
    assert len(server.received) == 1


async def test_smtps_is_encrypted_from_the_first_byte(
    mail_goes_to: MailGoesTo,
    queue_verification: QueueVerification,
    encryption: ssl.SSLContext,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with RealMailServer().listening(encrypted_by=encryption) as server:
        mail_goes_to(f"smtps://127.0.0.1:{server.port}")
        await queue_verification()
        assert await send_due_mails() == 1
    assert len(server.received) == 1
