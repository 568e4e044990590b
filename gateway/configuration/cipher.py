"""Secrets made unreadable for the database, by a key that it never sees: AES-256 in Galois/counter mode."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import BadSecret, BadValue, NoEncryptionKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Sealed(NamedTuple):
    """An encrypted secret, and the version of the key that it was encrypted with.

    The bytes are a random nonce of 96 bits, the cipher text, and a tag of 128 bits (NIST SP 800-38D).
    """

    version: int
    secret: bytes


@dataclass(frozen=True, slots=True)
class Cipher:
    """Encrypts with the highest version of the key, decrypts with all. Without keys it does neither."""

    keys: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        for version, key in self.keys.items():
            if version < 1 or len(key) != _KEY_BYTES:
                raise BadValue(f"encryption key {version}: versions begin at 1, and a key has {_KEY_BYTES} bytes")

    @property
    def version(self) -> int:
        """The version that encrypts. Raises NoEncryptionKey if there is no key."""
        if not self.keys:
            raise NoEncryptionKey("no encryption key is configured, so no secret can be kept or read")
        return max(self.keys)

    def encrypt(self, secret: str, name: str) -> Sealed:
        """The secret, readable again under this name alone. Raises NoEncryptionKey, and BadValue if it is empty."""
        version = self.version
        nonce = os.urandom(_NONCE_BYTES)
        return Sealed(
            version,
            nonce + self._aes(version, name).encrypt(nonce, _written(secret), name.encode(errors="surrogatepass")),
        )

    def decrypt(self, sealed: Sealed, name: str) -> str:
        """The secret of this name. Raises NoEncryptionKey, and BadSecret where it is not what was sealed."""
        aes = self._aes(sealed.version, name)
        from cryptography.exceptions import InvalidTag

        nonce, text = sealed.secret[:_NONCE_BYTES], sealed.secret[_NONCE_BYTES:]
        try:
            return aes.decrypt(nonce, text, name.encode(errors="surrogatepass")).decode()
        except (InvalidTag, ValueError):  # ValueError: too short for a nonce
            raise BadSecret(
                f"the secret of {name} is not what was stored under this name with version {sealed.version} of the key"
            ) from None

    def _aes(self, version: int, name: str) -> AESGCM:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise NoEncryptionKey("secrets need the package cryptography, which is not installed") from error
        if version not in self.keys:
            known = ", ".join(map(str, sorted(self.keys))) or "none"
            raise NoEncryptionKey(f"the secret of {name} needs version {version} of the key; configured: {known}")
        return AESGCM(self.keys[version])


def _written(secret: str) -> bytes:
    try:
        written = secret.encode()
    except UnicodeEncodeError:  # which would carry the secret into the log
        raise BadValue("secret must be text that UTF-8 can write") from None
    if not written:
        raise BadValue("secret must not be empty")
    return written
