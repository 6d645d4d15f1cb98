"""Signed notes, checkpoints and cosignatures, against published examples and in every way a note can be broken."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.exchange_log.note import (
    COSIGNATURE,
    Checkpoint,
    NoteBroken,
    NoteSigner,
    NoteVerifier,
    Signature,
    open_note,
    signatures_of,
    split_note,
)
from tests.exchange_log.sample import key

TEXT = "log.motlan.example/main\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LOG = NoteSigner("log.motlan.example/main", key(1))
NEXT = NoteSigner("log.motlan.example/main", key(2))
WITNESS = NoteSigner("witness.example/w1", key(3), COSIGNATURE)
KNOWN = NoteVerifier.parse(LOG.vkey)
NOTE = LOG.sign(TEXT)

#: of the documentation of golang.org/x/mod/sumdb/note: the seed is public, and so is what it signs
NEUMANN_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")
NEUMANN_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
EXAMPLE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
#: the example of C2SP tlog-cosignature; its keys are not published
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE"
    "+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe"
    "+mbIUBkBIfZ+qnA==\n"
)


@pytest.mark.parametrize(("vkey", "note"), [(NEUMANN_VKEY, NEUMANN_NOTE), (EXAMPLE_VKEY, EXAMPLE_NOTE)])
def test_published_note_opens(vkey: str, note: str) -> None:
    known = NoteVerifier.parse(vkey)
    assert known.vkey == vkey
    assert open_note(note, [known]) == note.partition("\n\n")[0] + "\n"


def test_published_note_is_signed_the_same() -> None:
    signer = NoteSigner("PeterNeumann", Ed25519PrivateKey.from_private_bytes(NEUMANN_SEED[1:]))
    assert signer.vkey == NEUMANN_VKEY
    assert signer.sign(split_note(NEUMANN_NOTE)[0]) == NEUMANN_NOTE


def test_published_checkpoint_is_read() -> None:
    text, lines = split_note(SOFA)
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == text
    assert len(lines) == 2
    assert signatures_of(SOFA, [KNOWN]) == []


@settings(deadline=None)
@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_no_changed_byte_opens(place: int, change: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[place] ^= change
    with pytest.raises(NoteBroken):
        open_note(raw.decode("utf-8", "surrogateescape"), [KNOWN])


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_raises_anything_but_its_own_error(text: str) -> None:
    for note in (text, f"{text}\n\n— a b\n", f"{TEXT}\n{text}\n"):
        with pytest.raises(NoteBroken):
            open_note(note, [KNOWN])


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("—", "-"),
        NOTE.replace("— ", "—"),
        NOTE.replace("\n\n", "\n\n\n"),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("3\n", "3\x00\n"),
        NOTE.replace("3\n", "3\t\n"),
        NOTE.replace("3\n", "3\ud800\n"),
        NOTE + "— half\n",
        NOTE + "— name AAAA\n",
        NOTE + "— na+me AAAAAAAA\n",
        NOTE + "— name AAAAAAAA \n",
        NOTE + "— name AAAAAAB\n",
        NOTE + "not a signature\n",
    ],
)
def test_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteBroken):
        open_note(note, [KNOWN])


def test_signature_written_in_another_way_is_refused() -> None:
    """The last digit of this base64 has bits that no byte takes; only one spelling counts."""
    assert NOTE.endswith("=\n")
    last = NOTE[-3]
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = NOTE[:-3] + digits[digits.index(last) ^ 1] + NOTE[-2:]
    assert base64.b64decode(other.split()[-1]) == base64.b64decode(NOTE.split()[-1])
    with pytest.raises(NoteBroken):
        open_note(other, [KNOWN])


def test_signature_by_an_unknown_key_does_not_count() -> None:
    stranger = NoteSigner("stranger.example", key(9))
    with pytest.raises(NoteBroken, match=r"none of its signatures is by a key that was given \(log.motlan"):
        open_note(stranger.sign(TEXT), [KNOWN])
    assert open_note(NOTE + stranger.line(TEXT), [KNOWN]) == TEXT
    assert open_note(NOTE + stranger.line("other\n"), [KNOWN]) == TEXT
    namesake = NoteSigner(KNOWN.name, key(9))
    assert open_note(NOTE + namesake.line("other\n"), [KNOWN]) == TEXT


def test_wrong_signature_by_a_known_key_spoils_the_note() -> None:
    with pytest.raises(NoteBroken, match="does not fit the text"):
        open_note(NOTE + LOG.line("other\n"), [KNOWN])
    with pytest.raises(NoteBroken, match="does not fit the text"):
        open_note(NOTE + NEXT.line("other\n"), [KNOWN, NoteVerifier.parse(NEXT.vkey)])


def test_signature_that_stands_twice_counts_once() -> None:
    assert signatures_of(NOTE + LOG.line(TEXT), [KNOWN]) == [Signature(KNOWN.name, LOG.vkey, None)]


def test_old_and_new_key_both_open_a_note_of_the_change() -> None:
    note = NOTE + NEXT.line(TEXT)
    for vkeys in ([LOG.vkey], [NEXT.vkey], [NEXT.vkey, LOG.vkey]):
        assert open_note(note, [NoteVerifier.parse(vkey) for vkey in vkeys]) == TEXT


def test_text_may_have_empty_lines() -> None:
    text = "one\n\ntwo\n\n"
    assert open_note(LOG.sign(text), [KNOWN]) == text


def test_more_signatures_than_the_limit_are_refused() -> None:
    stranger = NoteSigner("stranger.example", key(9)).line(TEXT)
    assert open_note(NOTE + 99 * stranger, [KNOWN]) == TEXT
    with pytest.raises(NoteBroken, match="at most 100"):
        open_note(NOTE + 100 * stranger, [KNOWN])


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "\ud800\n"])
def test_text_that_is_none_is_not_signed(text: str) -> None:
    with pytest.raises(NoteBroken):
        LOG.sign(text)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        LOG.vkey[:-1],
        LOG.vkey.replace("main", "mail"),
        LOG.vkey.replace("+A", "+B"),
        LOG.vkey + "\n",
        " " + LOG.vkey,
        "+".join([LOG.vkey.split("+")[0], "ABCDEF01", LOG.vkey.split("+", 2)[2]]),
        "a+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
        "\ud800+00000000+" + base64.b64encode(b"\x01" + bytes(32)).decode(),
    ],
)
def test_public_key_with_a_slip_is_refused(vkey: str) -> None:
    with pytest.raises(NoteBroken):
        NoteVerifier.parse(vkey)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\u2028b", "a\x00b"])
def test_name_that_cannot_stand_in_a_line_is_refused(name: str) -> None:
    with pytest.raises(NoteBroken, match="a key has a name"):
        NoteSigner(name, key(1))


def test_cosignature_tells_who_saw_it_and_when() -> None:
    note = NOTE + WITNESS.line(TEXT, 1_795_600_000)
    seen = NoteVerifier.parse(WITNESS.vkey)
    assert signatures_of(note, [seen]) == [Signature("witness.example/w1", WITNESS.vkey, 1_795_600_000)]
    assert len(signatures_of(note, [KNOWN, seen])) == 2
    raw = base64.b64decode(WITNESS.line(TEXT, 1_795_600_000).split()[2])
    message = f"cosignature/v1\ntime 1795600000\n{TEXT}".encode()
    key(3).public_key().verify(raw[12:], message)
    assert int.from_bytes(raw[4:12]) == 1_795_600_000


def test_cosignature_with_another_time_is_refused() -> None:
    line = WITNESS.line(TEXT, 1_795_600_000)
    raw = bytearray(base64.b64decode(line.split()[2]))
    raw[11] ^= 1
    with pytest.raises(NoteBroken, match="does not fit"):
        signatures_of(
            f"{NOTE}— witness.example/w1 {base64.b64encode(raw).decode()}\n",
            [NoteVerifier.parse(WITNESS.vkey)],
        )


def test_only_a_witness_signs_a_time() -> None:
    for signer, time in ((LOG, 1), (WITNESS, None)):
        with pytest.raises(ValueError, match="a witness signs a time"):
            signer.line(TEXT, time)


@given(
    st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(st.sampled_from(["ext", "x y"]))
)
def test_checkpoint_is_read_back(size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint("log.motlan.example/main", size, root, tuple(extensions))
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        TEXT[:-1],
        TEXT + "\n",
        TEXT.replace("log.motlan.example/main", ""),
        TEXT.replace("3\n", "03\n"),
        TEXT.replace("3\n", "-3\n"),
        TEXT.replace("3\n", "+3\n"),
        TEXT.replace("3\n", "٣\n"),
        TEXT.replace("3\n", "3.0\n"),
        TEXT.replace("3\n", "3\n\n"),
        TEXT.replace("=", ""),
        TEXT.replace("2I=", "2J="),
        "origin\n3\n",
        "origin\n3\nAAAA\n",
    ],
)
def test_any_other_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteBroken):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, bytes(32)),
        Checkpoint("a\nb", 1, bytes(32)),
        Checkpoint("a", 1, bytes(31)),
        Checkpoint("a", -1, bytes(32)),
        Checkpoint("a", 1, bytes(32), ("",)),
        Checkpoint("a", 1, bytes(32), ("x\n",)),
    ],
)
def test_checkpoint_that_could_not_be_read_back_is_not_written(checkpoint: Checkpoint) -> None:
    with pytest.raises(NoteBroken):
        checkpoint.text()
