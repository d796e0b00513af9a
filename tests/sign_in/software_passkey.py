"""An authenticator in software: it makes passkeys and signs as WebAuthn says, and lies where a test wants it to."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.browser_like import ORIGIN, Person, SeenPage

PRESENT, VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(encoded: str) -> bytes:
    return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


@dataclass
class SoftwarePasskey:
    """One device with one passkey. The fields say how it behaves; tests change them."""

    host: str = "localhost"
    origin: str = ORIGIN
    verifies: bool = True
    counts: bool = True
    count: int = 0
    user_handle: bytes = b""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> str:
        """What a browser sends after making a passkey."""
        self.user_handle = raw(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        credential = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data = self._data(HAS_CREDENTIAL) + credential + cbor2.dumps(key)
        return self._sent(
            clientDataJSON=text(self._client_data("webauthn.create", options["challenge"])),
            attestationObject=text(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            transports=["internal"],
        )

    def use(self, options: dict[str, Any]) -> str:
        """What a browser sends after using the passkey."""
        client_data = self._client_data("webauthn.get", options["challenge"])
        data = self._data()
        signed = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._sent(
            clientDataJSON=text(client_data),
            authenticatorData=text(data),
            signature=text(signed),
            userHandle=text(self.user_handle) if self.user_handle else None,
        )

    def _data(self, flags: int = 0) -> bytes:
        self.count += 1 if self.counts else 0
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _sent(self, **response: Any) -> str:
        return json.dumps(
            {
                "id": text(self.credential_id),
                "rawId": text(self.credential_id),
                "type": "public-key",
                "clientExtensionResults": {},
                "response": response,
            }
        )


async def options(person: Person, path: str) -> dict[str, Any]:
    """What the browser is asked for, as the script fetches it."""
    answer = await person.post(path, follow=False)
    assert answer.status == 200, answer.html[:200]
    found: dict[str, Any] = answer.response.json()
    return found


async def add(person: Person, passkey: SoftwarePasskey, name: str = "Phone") -> SeenPage:
    """Adds the passkey on the page of a signed-in person."""
    page = await person.get("/account/security/passkeys/new")
    asked = await options(person, "/account/security/passkeys/options")
    return await person.fill(page, {"name": name, "credential": passkey.make(asked)})


async def use(
    person: Person, passkey: SoftwarePasskey, way: str = "/sign-in/passkey", **more: str
) -> SeenPage:
    """Uses the passkey on one of the pages that ask for one."""
    asked = await options(person, f"{way}/options")
    return await person.post(way, {"credential": passkey.use(asked), **more})
