"""Secrets are readable again under their name and key, and under no other."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.configuration.cipher import Cipher, Sealed
from gateway.errors import BadSecret, BadValue, NoEncryptionKey

OLD, NEW = os.urandom(32), os.urandom(32)
CIPHER = Cipher({1: OLD, 2: NEW})
TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
NAMES = st.text(st.characters(codec="utf-8"))


@given(secret=TEXT, name=NAMES)
def test_what_is_encrypted_is_decrypted_to_the_same(secret: str, name: str) -> None:
    assert CIPHER.decrypt(CIPHER.encrypt(secret, name), name) == secret


@given(secret=TEXT, name=NAMES, other=NAMES)
def test_a_secret_cannot_be_read_under_another_name(secret: str, name: str, other: str) -> None:
    sealed = CIPHER.encrypt(secret, name)

    if name != other:
        with pytest.raises(BadSecret):
            CIPHER.decrypt(sealed, other)


@given(secret=st.text(st.characters(codec="ascii"), min_size=1), place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_changed_bit_anywhere_is_noticed(secret: str, place: int, bit: int) -> None:
    sealed = CIPHER.encrypt(secret, "acme")
    changed = bytearray(sealed.secret)
    changed[place % len(changed)] ^= 1 << bit

    with pytest.raises(BadSecret, match="acme"):
        CIPHER.decrypt(Sealed(2, bytes(changed)), "acme")


@pytest.mark.parametrize("length", [0, 1, 11, 12, 27, 28])
def test_a_secret_that_was_cut_short_is_noticed(length: int) -> None:
    sealed = CIPHER.encrypt("sk-1", "acme")

    with pytest.raises(BadSecret):
        CIPHER.decrypt(Sealed(2, sealed.secret[:length]), "acme")


def test_the_highest_version_encrypts_and_all_decrypt() -> None:
    before = Cipher({1: OLD}).encrypt("sk-1", "acme")

    assert (before.version, CIPHER.encrypt("sk-1", "acme").version) == (1, 2)
    assert CIPHER.decrypt(before, "acme") == "sk-1"


def test_another_key_of_the_same_version_reads_nothing() -> None:
    with pytest.raises(BadSecret):
        Cipher({2: OLD}).decrypt(CIPHER.encrypt("sk-1", "acme"), "acme")


def test_the_same_secret_never_looks_the_same_and_holds_no_plain_text() -> None:
    sealed = {CIPHER.encrypt("sk-secret", "acme").secret for _ in range(100)}

    assert len({each[:12] for each in sealed}) == 100
    assert not any(b"sk-secret" in each for each in sealed)
    assert {len(each) for each in sealed} == {12 + len("sk-secret") + 16}


@pytest.mark.parametrize("keys", [{}, {1: OLD}], ids=["no key", "only an earlier one"])
def test_a_version_that_is_not_configured_is_named(keys: dict[int, bytes]) -> None:
    with pytest.raises(NoEncryptionKey, match="version 2"):
        Cipher(keys).decrypt(CIPHER.encrypt("sk-1", "acme"), "acme")


def test_without_a_key_nothing_is_encrypted() -> None:
    with pytest.raises(NoEncryptionKey, match="no encryption key is configured"):
        Cipher({}).encrypt("sk-1", "acme")


@pytest.mark.parametrize("keys", [{1: b"short"}, {0: OLD}, {-1: OLD}, {1: OLD, 2: OLD + b"x"}])
def test_a_key_of_the_wrong_length_or_version_is_refused_at_once(keys: dict[int, bytes]) -> None:
    with pytest.raises(BadValue, match="32 bytes"):
        Cipher(keys)


@pytest.mark.parametrize("secret", ["", "sk-\ud800-secret"], ids=["empty", "not to be written in UTF-8"])
def test_a_secret_that_cannot_be_kept_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(BadValue) as refused:
        CIPHER.encrypt(secret, "acme")

    assert "-secret" not in "".join(traceback.format_exception(refused.value))


def python(code: str) -> str:
    """What a Python of its own prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_library_is_loaded_when_a_secret_is_used_and_not_before() -> None:
    loaded = "'cryptography' in sys.modules"
    use = "Cipher({1: bytes(32)}).encrypt('sk-1', 'acme')"

    told = python(
        "import sys, gateway.configuration.routing; from gateway.configuration.cipher import Cipher;"
        f" print({loaded}); {use}; print({loaded})"
    )

    assert told.split() == ["False", "True"]


@pytest.mark.parametrize("use", ["encrypt('sk-1', 'acme')", "decrypt(Sealed(1, bytes(40)), 'acme')"])
def test_without_the_library_it_is_named(use: str) -> None:
    told = python(f"""
import sys
sys.modules["cryptography"] = None
from gateway.configuration.cipher import Cipher, Sealed
from gateway.errors import NoEncryptionKey
try:
    Cipher({{1: bytes(32)}}).{use}
except NoEncryptionKey as error:
    print(error)
""")

    assert told == "secrets need the package cryptography, which is not installed"


def test_keys_do_not_show() -> None:
    assert repr(CIPHER) == "Cipher()"
