"""Sealed recordings: what comes out is what went in, and nothing else is taken for it."""

import secrets
import struct

import pytest

from telephony.floor.vault import CHUNK, AwayError, DamagedError, MissingError, Sealed, Vault
from telephony.floor.vault_keys import KeyFaultError, KeyRing

NAME, OTHER = "2026-11-23/1.1.wav", "2026-11-23/1.2.wav"


def wav(sound):
    """A file as the switch leaves it once it is closed."""
    size = len(sound)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", size + 36, b"WAVE") + form + struct.pack("<4sI", b"data", size) + sound
    )


SOUND = wav(b"\x01\x02" * 40_000)


class House:
    """A vault in a folder of its own, with a key file."""

    def __init__(self, folder):
        self.folder, self.keys = folder / "recordings", folder / "keys"
        self.vault, self.plain_vault = (
            Vault(self.folder, KeyRing(self.keys)),
            Vault(self.folder, KeyRing(None)),
        )
        for vault in (self.vault, self.plain_vault):
            vault.expect(vault.mark("disk-1"))
        self.write_keys(k1="11" * 32)

    def write_keys(self, **keys):
        self.keys.write_text("# newest first\n" + "".join(f"{name} {key}\n" for name, key in keys.items()))
        self.keys.chmod(0o600)

    def file(self, name=NAME, form=""):
        return self.folder / (name + form)

    def put(self, content=SOUND, name=NAME):
        self.file(name).parent.mkdir(exist_ok=True)
        self.file(name).write_bytes(content)

    def read(self, name=NAME, key_id="k1"):
        return b"".join(self.vault.sound(name, key_id))

    def seal(self, name=NAME):
        self.put(name=name)
        sealed = self.vault.seal(name)
        self.vault.forget_plain(name)
        return sealed


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_sealed_comes_out_as_it_went_in(house, size):
    content = secrets.token_bytes(size)
    house.put(content)
    sealed = house.vault.seal(NAME)
    assert (house.read(), sealed.size, sealed.key_id) == (content, size, "k1")


def test_nothing_of_the_sound_stands_in_a_sealed_file_which_only_its_owner_may_read(house):
    house.seal()
    assert SOUND[100:132] not in house.file(form=".enc").read_bytes()
    assert house.file(form=".enc").stat().st_mode & 0o777 == 0o600
    assert not house.file().exists()


def test_the_same_sound_sealed_twice_differs(house):
    house.seal()
    first = house.file(form=".enc").read_bytes()
    house.seal()
    assert house.file(form=".enc").read_bytes() != first


def test_without_a_key_the_file_stays_plain_and_is_hashed_all_the_same(house):
    house.put()
    sealed = house.plain_vault.seal(NAME)
    assert sealed.key_id is None
    house.plain_vault.check(NAME, sealed)
    house.put(SOUND[:-1] + b"x")
    with pytest.raises(DamagedError):
        house.plain_vault.check(NAME, sealed)


def test_any_changed_byte_of_a_sealed_file_is_found(house):
    sealed = house.seal()
    whole = house.file(form=".enc").read_bytes()
    for at in [*range(70), len(whole) // 2, len(whole) - 1]:
        house.file(form=".enc").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises((DamagedError, KeyFaultError)):
            house.vault.check(NAME, sealed)


@pytest.mark.parametrize("left", [0, 5, 70, 100, CHUNK])
def test_a_sealed_file_that_is_cut_short_is_found(house, left):
    sealed = house.seal()
    whole = house.file(form=".enc").read_bytes()
    house.file(form=".enc").write_bytes(whole[:left])
    with pytest.raises(DamagedError):
        house.vault.check(NAME, sealed)


def test_a_sealed_file_that_ends_at_the_border_of_two_chunks_is_found(house):
    house.put(bytes(2 * CHUNK))
    sealed = house.vault.seal(NAME)
    whole = house.file(form=".enc").read_bytes()
    house.file(form=".enc").write_bytes(whole[: -(CHUNK + 16)])
    with pytest.raises(DamagedError):
        house.vault.check(NAME, sealed)


def test_a_sealed_file_put_under_anothers_name_is_found(house):
    sealed = house.seal()
    house.seal(OTHER)
    house.file(OTHER, ".enc").replace(house.file(form=".enc"))
    with pytest.raises(DamagedError):
        house.vault.check(NAME, sealed)


def test_a_new_key_seals_and_the_old_one_still_opens(house):
    house.seal()
    house.write_keys(k2="22" * 32, k1="11" * 32)
    assert house.seal(OTHER).key_id == "k2"
    assert (house.read(), house.read(OTHER, "k2")) == (SOUND, SOUND)


def test_a_key_that_is_gone_is_named(house):
    house.seal()
    house.write_keys(k2="22" * 32)
    with pytest.raises(KeyFaultError, match="k1"):
        house.read()


def test_another_key_under_the_same_name_is_told_from_damage(house):
    house.seal()
    house.write_keys(k1="33" * 32)
    with pytest.raises(KeyFaultError, match="k1"):
        house.read()


@pytest.mark.parametrize(
    "text",
    ["", "k1 12\n", "11\n", f"k1 {'11' * 32}\nk1 {'22' * 32}\n", f"K 1 {'11' * 32}\n", "键 1\n"],
    ids=str,
)
def test_a_key_file_that_cannot_be_meant_is_refused_without_showing_it(house, text):
    house.keys.write_text(text)
    house.put()
    with pytest.raises(KeyFaultError) as refused:
        house.vault.seal(NAME)
    assert "11" * 8 not in str(refused.value)


def test_a_key_file_that_others_may_read_is_refused(house):
    house.keys.chmod(0o640)
    house.put()
    with pytest.raises(KeyFaultError, match="chmod 600"):
        house.vault.seal(NAME)


def test_a_key_file_that_is_not_there_is_named(house):
    house.keys.unlink()
    house.put()
    with pytest.raises(KeyFaultError, match=r"recording\.key_file"):
        house.vault.seal(NAME)
    assert house.file().read_bytes() == SOUND


def test_what_a_crash_left_half_done_is_begun_anew(house):
    house.put()
    house.file(form=".enc.new").write_bytes(b"half")
    house.file(form=".enc").write_bytes(b"older")
    house.vault.seal(NAME)
    assert house.read() == SOUND
    assert not house.file(form=".enc.new").exists()


def test_the_plain_file_is_kept_unless_the_sealed_one_is_there(house):
    house.put()
    with pytest.raises(MissingError):
        house.vault.forget_plain(NAME)
    assert house.file().exists()


def test_a_link_is_never_followed(house, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(SOUND)
    sealed = house.seal()
    for form in ("", ".enc", ".enc.new"):
        house.file(form=form).unlink(missing_ok=True)
        house.file(form=form).symlink_to(secret)
    with pytest.raises(MissingError):
        house.vault.check(NAME, sealed)
    with pytest.raises(MissingError):
        house.vault.seal(NAME)
    house.vault.forget(NAME)
    assert secret.read_bytes() == SOUND
    assert not house.file(form=".enc").is_symlink()


def test_a_folder_that_is_a_link_holds_no_recording(house, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.1.wav").write_bytes(SOUND)
    house.file().parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MissingError):
        house.vault.seal(NAME)


@pytest.mark.parametrize(
    "name", ["../keys", "/etc/passwd", "2026-11-23/../../keys", "2026-11-23/.wav", "2026-11-23/a/b.wav", ""]
)
def test_what_is_no_name_of_a_recording_leads_nowhere(house, name):
    with pytest.raises(MissingError):
        b"".join(house.vault.sound(name, None))


def test_without_the_disk_a_recording_is_not_missing_but_out_of_reach(house):
    house.seal()
    house.folder.rename(house.folder.with_name("away"))
    house.folder.mkdir()
    with pytest.raises(AwayError):
        house.read()
    house.folder.rmdir()
    house.folder.with_name("away").rename(house.folder)
    assert house.read() == SOUND


def test_a_file_is_closed_once_its_header_says_how_long_it_is(house):
    house.put(SOUND[:40] + bytes(4) + SOUND[44:])
    assert not house.vault.is_closed(NAME)
    house.put()
    assert house.vault.is_closed(NAME)
    house.put(wav(b""))
    assert not house.vault.is_closed(NAME)


def test_every_form_goes_when_a_recording_is_deleted(house):
    house.put()
    house.vault.seal(NAME)
    house.vault.forget(NAME)
    assert list(house.file().parent.iterdir()) == []
    house.vault.forget(NAME)


def test_the_names_of_a_day_are_those_of_recordings(house):
    house.seal()
    house.put(name=OTHER)
    house.file("2026-11-23/notes.txt").write_text("x")
    assert house.vault.names("2026-11-23") == {NAME, OTHER}
    assert house.vault.names("2026-11-24") == house.vault.names("..") == set()


def test_a_seal_says_what_was_in_the_file(house):
    house.put(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert house.vault.seal(NAME) == Sealed(3, digest, "k1")
