"""Exports prove themselves: every kind of tampering is found offline, and the first bad line named.

Each case runs twice: by `psa-ledger verify FILE`, and by the single file alone in a directory of its own, in a Python
that sees nothing of this repository.
"""

import io
import json
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from random import Random
from re import findall, sub
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from psycopg.conninfo import conninfo_to_dict

from cli import verify_export
from cli.main import main
from projections.reads.history import HistoryFilter
from tests.cli.exported import export, is_checkpoint, is_fact, tell_and_seal
from tests.databases import Template
from tests.journal.sealing import FOREIGN_KEY, KEY, NEW_KEY, text_of
from tests.projections.story import ACME, OTHER

Verify = Callable[..., tuple[int, str]]
"""Verifies lines. Shape: exit status, what was said."""
Lines = list[bytes]


@pytest.fixture(scope="module")
def told(template: Template) -> Iterator[str]:
    """The URL of a ledger of two MSPs, sealed."""
    with template.copy() as url:
        tell_and_seal(url)
        yield url


@pytest.fixture(scope="module")
def whole(told: str) -> Lines:
    """ACME's whole export."""
    return export(told)


@pytest.fixture(params=["psa-ledger verify", "the single file"])
def verify(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    def lines_in_file(lines: Lines) -> str:
        path = tmp_path / "export.ndjson"
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return str(path)

    def by_command(lines: Lines, *more: str, key: str = text_of(KEY)) -> tuple[int, str]:
        status = main(["verify", lines_in_file(lines), "--key", key, *more])
        return status, capsys.readouterr().out

    def by_file(lines: Lines, *more: str, key: str = text_of(KEY)) -> tuple[int, str]:
        alone = tmp_path / "alone"
        alone.mkdir(exist_ok=True)
        program = shutil.copy(verify_export.__file__, alone)
        done = subprocess.run(
            [sys.executable, "-I", program, lines_in_file(lines), "--key", key, *more],
            cwd=alone,
            capture_output=True,
            text=True,
            check=False,
            env={},
        )
        assert done.stderr == ""
        return done.returncode, done.stdout

    return by_command if request.param == "psa-ledger verify" else by_file


def places(lines: Lines, is_wanted: Callable[[bytes], bool]) -> list[int]:
    return [place for place, line in enumerate(lines) if is_wanted(line)]


def rechained(lines: Lines) -> Lines:
    """The lines with every chain value worked out anew, as somebody would who knows how but has no key."""
    header = json.loads(lines[0])["export"]
    chain = bytes.fromhex(header["after"]["chain"])
    found = []
    for line in lines:
        if is_fact(line):
            bare = b"{" + line[76:]
            chain = sha256(chain + sha256(bare).digest()).digest()
            line = b'{"chain":"' + chain.hex().encode() + b'",' + bare[1:]  # noqa: PLW2901 - the line as it is now
        found.append(line)
    return found


def test_an_untouched_export_is_complete(verify: Verify, whole: Lines) -> None:
    status, said = verify(whole)

    facts = len(places(whole, is_fact))
    assert (0, True) == (status, f"COMPLETE: {facts} facts of MSP {ACME}, from the first fact" in said)
    assert facts > 150
    assert len(places(whole, is_checkpoint)) >= 2


def test_an_export_between_two_checkpoints_is_complete_in_its_bounds(verify: Verify, told: str, whole: Lines) -> None:
    middle = json.loads(whole[places(whole, is_checkpoint)[0]])["checkpoint"]["count"]

    status, said = verify(export(told, after=middle))

    assert 0 == status
    assert f"right after number {middle}" in said


Change = tuple[int, int]
"""Place in the file, and the byte to put there."""


def no_change_survives(lines: Lines, changes: Iterable[Change], unproven: range = range(0)) -> None:
    """Change one byte at a time: each is found, and the first line that may be bad is named.

    What a line of hashes says shows only at the next line, so there the two are named together. `unproven` are places
    that nothing vouches for.
    """
    keys = verify_export.read_keys([text_of(KEY)])
    file = b"".join(line + b"\n" for line in lines)
    for place, byte in changes:
        if file[place] == byte or place in unproven:
            continue
        changed = file[:place] + bytes([byte]) + file[place + 1 :]
        number = file.count(b"\n", 0, place) + 1
        said = what_is_wrong(changed, keys)
        assert said is not None, f"byte {place} in line {number}: {file[place : place + 1]!r} became {byte:#x} unseen"
        named = [int(each) for each in findall(r"(?:line|lines|to) ([0-9]+)", said.split(" (", maxsplit=1)[0])]
        assert min(named) <= number <= max(named), (place, byte, said)


def what_is_wrong(file: bytes, keys: verify_export.TrustedKeys) -> str | None:
    try:
        verify_export.verify(io.BytesIO(file), keys)
    except verify_export.NotProven as bad:
        return str(bad)
    return None


def some_changes(lines: Lines, seed: int, most: int) -> list[Change]:
    """Random bytes anywhere, and at random places those that readers are lenient about: case, blanks, spare bits."""
    dice = Random(seed)
    size = sum(len(line) + 1 for line in lines)
    file = b"".join(line + b"\n" for line in lines)
    places = [dice.randrange(size) for _ in range(most)]
    return [
        (place, dice.choice([dice.randrange(256), file[place] ^ 0x20, file[place] ^ 1, 0x20, 0x0A, 0x0D]))
        for place in places
    ]


def of_the_filter(lines: Lines) -> range:
    """Where the file says which filter was asked for: the exporter's word, as the verifier says too."""
    end = lines[0].index(b',"format":')
    return range(lines[0].index(b'"filter":') + len(b'"filter":'), end)


def exports_of_all_kinds(url: str) -> list[Lines]:
    wanted = HistoryFilter(fact_type="organization.licenses-changed")
    middle = json.loads(export(url)[-1])["checkpoint"]["count"] // 2
    return [
        export(url),
        export(url, wanted=wanted),
        export(url, after=middle),
        export(url, wanted=wanted, after=middle),
    ]


def test_a_changed_byte_is_found_wherever_it_is(told: str) -> None:
    for seed, lines in enumerate(exports_of_all_kinds(told)):
        is_whole = b'"filter":null' in lines[0]
        no_change_survives(lines, some_changes(lines, seed, 200), range(0) if is_whole else of_the_filter(lines))


def test_a_changed_byte_is_found_in_every_place_of_the_lines_that_are_no_facts(told: str) -> None:
    """There a byte may become its other case or a blank without being another value to a lenient reader."""
    for lines in exports_of_all_kinds(told)[:2]:
        starts = [0, *accumulate(len(line) + 1 for line in lines)]
        others = places(lines, lambda line: not is_fact(line))
        for nth in [others[0], *others[1:3], others[-1]]:
            changes = [
                (place, byte)
                for place in range(starts[nth], min(starts[nth + 1], starts[nth] + 700))
                for byte in (0x20, ord(lines[nth][place - starts[nth] : place - starts[nth] + 1] or b"\n") ^ 0x20)
            ]
            changes += [(starts[nth + 1] - each, ord(b"B")) for each in range(3, 8)]
            no_change_survives(lines, changes, range(0) if b'"filter":null' in lines[0] else of_the_filter(lines))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_no_changed_byte_is_ever_missed(told: str, seed: int) -> None:
    for lines in exports_of_all_kinds(told):
        is_whole = b'"filter":null' in lines[0]
        no_change_survives(lines, some_changes(lines, seed, 3_000), range(0) if is_whole else of_the_filter(lines))


Tamper = Callable[[Lines, Lines], tuple[Lines, int]]
"""From ACME's and OTHER's whole exports: the tampered lines, and the number of the first bad one."""


def changed_byte(lines: Lines, _: Lines) -> tuple[Lines, int]:
    place = places(lines, is_fact)[40]
    return [*lines[:place], lines[place].replace(b'"role":"', b'"role":"X', 1), *lines[place + 1 :]], place + 1


def removed(nth: int) -> Tamper:
    def tamper(lines: Lines, _: Lines) -> tuple[Lines, int]:
        place = places(lines, is_fact)[nth]
        return lines[:place] + lines[place + 1 :], place + 1

    return tamper


def swapped(lines: Lines, _: Lines) -> tuple[Lines, int]:
    place = places(lines, is_fact)[40]
    return [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]], place + 1


def inserted(lines: Lines, other: Lines) -> tuple[Lines, int]:
    place = places(lines, is_fact)[40]
    return [*lines[:place], other[places(other, is_fact)[10]], *lines[place:]], place + 1


def repeated(lines: Lines, _: Lines) -> tuple[Lines, int]:
    place = places(lines, is_fact)[40]
    return [*lines[: place + 1], lines[place], *lines[place + 1 :]], place + 2


def moved_from_another_msp(lines: Lines, other: Lines) -> tuple[Lines, int]:
    place = places(lines, is_fact)[40]
    foreign = other[places(other, is_fact)[40]].replace(OTHER.encode(), ACME.encode())
    return [*lines[:place], foreign, *lines[place + 1 :]], place + 1


def altered_checkpoint(lines: Lines, _: Lines) -> tuple[Lines, int]:
    place = places(lines, is_checkpoint)[0]
    return [*lines[:place], lines[place].replace(b'"at":"2', b'"at":"3'), *lines[place + 1 :]], place + 1


def checkpoint_signed_with_another_key(lines: Lines, _: Lines) -> tuple[Lines, int]:
    place = places(lines, is_checkpoint)[0]
    body = lines[place][14 : lines[place].rfind(b',"signature":')].replace(KEY.id.encode(), FOREIGN_KEY.id.encode())
    return [*lines[:place], signed(body), *lines[place + 1 :]], place + 1


def checkpoint_signed_with_another_key_under_the_right_name(lines: Lines, _: Lines) -> tuple[Lines, int]:
    place = places(lines, is_checkpoint)[0]
    body = lines[place][14 : lines[place].rfind(b',"signature":')]
    return [*lines[:place], signed(body), *lines[place + 1 :]], place + 1


def signed(body: bytes) -> bytes:
    signature = b64encode(FOREIGN_KEY.private.sign(body))
    return b'{"checkpoint":' + body + b',"signature":"' + signature + b'"}'


def other_msps_checkpoint(lines: Lines, other: Lines) -> tuple[Lines, int]:
    place = places(lines, is_checkpoint)[0]
    return [*lines[:place], other[places(other, is_checkpoint)[0]], *lines[place + 1 :]], place + 1


def older_export_with_the_newest_checkpoint(lines: Lines, _: Lines) -> tuple[Lines, int]:
    older = lines[: places(lines, is_checkpoint)[0] + 1]
    return [*older, lines[-1]], len(older) + 1


def older_export_announced_as_newest(lines: Lines, _: Lines) -> tuple[Lines, int]:
    older = lines[: places(lines, is_checkpoint)[0] + 1]
    return older, len(older) + 1


def cut_off_before_the_last_checkpoint(lines: Lines, _: Lines) -> tuple[Lines, int]:
    return lines[:-1], places(lines, is_checkpoint)[-2] + 2


def beginning_removed(lines: Lines, _: Lines) -> tuple[Lines, int]:
    return [lines[0], *lines[places(lines, is_checkpoint)[0] :]], 2


def begins_without_its_checkpoint(lines: Lines, _: Lines) -> tuple[Lines, int]:
    place = places(lines, is_checkpoint)[0]
    told = json.loads(lines[place])["checkpoint"]
    header = json.loads(lines[0])
    header["export"]["after"] = {each: told[each] for each in ("chain", "count")}
    return [json.dumps(header, separators=(",", ":")).encode(), *lines[place + 1 :]], 2


def claims_another_msp(lines: Lines, _: Lines) -> tuple[Lines, int]:
    return [lines[0].replace(ACME.encode(), OTHER.encode()), *lines[1:]], 1


def not_a_line(lines: Lines, _: Lines) -> tuple[Lines, int]:
    return [*lines[:30], b"", *lines[30:]], 31


TAMPERINGS: dict[str, Tamper] = {
    "a byte changed": changed_byte,
    "the first fact removed": removed(0),
    "a middle fact removed": removed(40),
    "the last fact before a checkpoint removed": removed(-1),
    "two facts swapped": swapped,
    "a fact inserted": inserted,
    "a fact repeated": repeated,
    "a fact moved here from another MSP": moved_from_another_msp,
    "a checkpoint altered": altered_checkpoint,
    "a checkpoint signed with another key": checkpoint_signed_with_another_key,
    "a checkpoint signed with another key under the right name": (
        checkpoint_signed_with_another_key_under_the_right_name
    ),
    "a checkpoint of another MSP": other_msps_checkpoint,
    "an older export with the newest checkpoint": older_export_with_the_newest_checkpoint,
    "an older export announced as the newest": older_export_announced_as_newest,
    "the last checkpoint cut off": cut_off_before_the_last_checkpoint,
    "the beginning removed": beginning_removed,
    "a beginning without its checkpoint": begins_without_its_checkpoint,
    "another MSP claimed": claims_another_msp,
    "a line that is none": not_a_line,
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_and_the_first_bad_line_named(verify: Verify, told: str, whole: Lines, name: str) -> None:
    lines, bad = TAMPERINGS[name](whole, export(told, OTHER))

    status, said = verify(lines)

    assert 1 == status
    assert f"line {bad}: " in said


def renumbered(lines: Lines) -> Lines:
    """The lines with every fact's number counted anew."""
    found: Lines = []
    for line in lines:
        number = sum(map(is_fact, found)) + 1
        found.append(sub(rb'"number":[0-9]+,"recorded_at"', b'"number":%d,"recorded_at"' % number, line))
    return found


@pytest.mark.parametrize("name", ["a byte changed", "a middle fact removed", "the first fact removed"])
def test_tampering_with_all_chain_values_made_anew_is_found_at_the_next_checkpoint(
    verify: Verify, told: str, whole: Lines, name: str
) -> None:
    lines, bad = TAMPERINGS[name](whole, export(told, OTHER))
    next_checkpoint = next(place for place in places(lines, is_checkpoint) if place + 1 > bad) + 1

    status, said = verify(rechained(renumbered(lines)))

    assert 1 == status
    assert f"line {next_checkpoint}: " in said


@pytest.mark.parametrize("name", ["a middle fact removed", "the first fact removed", "two facts swapped"])
def test_a_number_that_is_not_the_next_is_found_at_its_line(verify: Verify, told: str, whole: Lines, name: str) -> None:
    lines, bad = TAMPERINGS[name](whole, export(told, OTHER))

    status, said = verify(rechained(lines))

    assert 1 == status
    assert f"line {bad}: it does not say that it is number {bad - 1 - checkpoints_before(lines, bad)}" in said


def checkpoints_before(lines: Lines, before: int) -> int:
    return sum(map(is_checkpoint, lines[: before - 1]))


def test_an_older_export_is_only_proven_up_to_its_own_end(verify: Verify, told: str, whole: Lines) -> None:
    newest = json.loads(whole[-1])["checkpoint"]["count"]
    older = export(told, up_to=newest - 1)

    by_itself, said = verify(older)
    held_against_the_newest, _ = verify(older, "--reaches", str(newest))

    end = json.loads(older[-1])["checkpoint"]["count"]
    assert 0 == by_itself
    assert f"up to number {end}," in said
    assert 1 == held_against_the_newest


def test_a_filtered_export_proves_inclusion_and_order_only(verify: Verify, told: str) -> None:
    lines = export(told, wanted=HistoryFilter(fact_type="organization.licenses-changed"))

    status, said = verify(lines)

    facts = [json.loads(line) for line in lines if is_fact(line)]
    assert 0 == status
    assert said.startswith(f"INCLUSION AND ORDER ONLY: {len(facts)} facts")
    assert {"organization.licenses-changed.v1"} == {fact["type"] for fact in facts}


def test_facts_replaced_by_their_hashes_make_an_export_a_filtered_one(verify: Verify, whole: Lines) -> None:
    place = places(whole, is_fact)[40]
    line_hash = sha256(b"{" + whole[place][76:]).hexdigest()

    status, said = verify([*whole[:place], f'{{"left_out":"{line_hash}"}}'.encode(), *whole[place + 1 :]])

    assert 0 == status
    assert said.startswith("INCLUSION AND ORDER ONLY")


def test_a_hash_left_away_in_a_filtered_export_is_found(verify: Verify, told: str) -> None:
    lines = export(told, wanted=HistoryFilter(fact_type="organization.licenses-changed"))
    place = places(lines, lambda line: line.startswith(b'{"left_out":'))[3]
    shortened = lines[place][: len(b'{"left_out":"')] + lines[place][len(b'{"left_out":"') + 64 :]

    status, said = verify([*lines[:place], shortened, *lines[place + 1 :]])

    assert 1 == status
    assert f"line {place + 1}: " in said or f"line {place + 2}: " in said


def test_what_a_lost_key_signed_after_its_last_good_checkpoint_does_not_count(verify: Verify, whole: Lines) -> None:
    shown = [(place + 1, json.loads(whole[place])["checkpoint"]["number"]) for place in places(whole, is_checkpoint)]
    (_, good), (bad, _), *_ = shown

    in_time, _ = verify(whole, "--last-good", f"{KEY.id}:{shown[-1][1]}")
    of_another, _ = verify(whole, "--last-good", f"{NEW_KEY.id}:{good}")
    too_late, said = verify(whole, "--last-good", f"{NEW_KEY.id}:0", "--last-good", f"{KEY.id}:{good}")

    assert (0, 0, 1) == (in_time, of_another, too_late)
    assert f"line {bad}: " in said
    assert f"signed with key {KEY.id}, whose last good checkpoint is number {good}" in said


@pytest.mark.parametrize(
    "given", ["41", "8A88E3DD7409F195:41", "8a88e3dd7409f195:-1", "8a88e3dd7409f195:" + "9" * 5_000]
)
def test_a_last_good_checkpoint_that_can_not_be_read_proves_nothing(
    given: str, whole: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "export.ndjson"
    path.write_bytes(b"\n".join(whole) + b"\n")

    status = main(["verify", str(path), "--key", text_of(KEY), "--last-good", given])

    assert (2, "") == (status, capsys.readouterr().out)


DEEP = b"[" * 100_000
BREAKING: dict[str, tuple[Lines, int]] = {
    "a first line nested without end": ([b'{"export":' + DEEP], 1),
    "a fact nested without end": ([b'{"chain":"' + b"0" * 64 + b'","fact":' + DEEP], 2),
    "hashes nested without end": ([b'{"left_out":"00","more":' + DEEP], 2),
    "a checkpoint nested without end": ([b'{"checkpoint":' + DEEP + b',"signature":"AA=="}'], 2),
    "a checkpoint of endlessly many facts": ([b'{"checkpoint":{"key":"k","count":Infinity},"signature":"AA=="}'], 2),
    "a checkpoint whose number is beyond all numbers": (
        [b'{"checkpoint":{"key":"k","msp":"m","chain":"","at":"","count":1,"number":1e999},"signature":"AA=="}'],
        2,
    ),
    "a checkpoint of the form of a list": ([b'{"checkpoint":[],"signature":"AA=="}'], 2),
    "a checkpoint whose MSP is left out": (
        [b'{"checkpoint":{"key":"k","chain":"","at":"","count":1,"number":1},"signature":"AA=="}'],
        2,
    ),
    "half a letter as the type of a fact": (
        [b'{"chain":"' + b"0" * 64 + b'","fact":{"entry_id":"e"},"number":1,"type":"\\ud800"}'],
        2,
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_line_made_to_break_the_verifier_is_named_like_any_other(verify: Verify, whole: Lines, name: str) -> None:
    lines, bad = BREAKING[name]

    status, said = verify(lines if bad == 1 else [whole[0], *lines])

    assert 1 == status
    assert f"line {bad}: " in said


def test_what_a_file_says_can_neither_begin_a_line_nor_command_the_terminal(verify: Verify, whole: Lines) -> None:
    spoken = b"x\\r\\n\\u001b[2JCOMPLETE\\u202e\\u0085"
    fact = b'{"chain":"' + b"0" * 64 + b'","fact":{"entry_id":"' + spoken + b'"},"number":1,"type":"' + spoken + b'"}'
    body = whole[-1][14 : whole[-1].rfind(b',"signature":')].replace(KEY.id.encode(), spoken)

    for line in (fact, signed(body)):
        status, said = verify([whole[0], line])

        assert (1, True) == (status, said.startswith("NOT PROVEN: "))
        assert "COMPLETE" in said
        assert said.removesuffix("\n").isprintable()


def test_a_file_without_any_signature_proves_nothing_whatever_it_says(verify: Verify, whole: Lines) -> None:
    header = json.loads(whole[0])
    header["export"]["until"] = 0

    status, said = verify([json.dumps(header, separators=(",", ":")).encode()])

    assert (1, True) == (status, "line 2: " in said)


@pytest.mark.parametrize("content", [bytes(range(128, 256)), b"-----BEGIN PUBLIC KEY-----\n"])
def test_a_file_that_holds_no_key_is_told_as_such(
    content: bytes, whole: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, key = tmp_path / "export.ndjson", tmp_path / "key"
    path.write_bytes(b"\n".join(whole) + b"\n")
    key.write_bytes(content)

    status = main(["verify", str(path), "--key", str(key)])

    assert (2, True) == (status, capsys.readouterr().err.startswith("a key is the base64 text"))


def test_keys_are_read_from_text_from_a_list_and_from_pem(verify: Verify, whole: Lines, tmp_path: Path) -> None:
    pem, listed = tmp_path / "key.pem", tmp_path / "keys.txt"
    pem.write_bytes(KEY.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    listed.write_text(f"{NEW_KEY.id} {text_of(NEW_KEY)}\n{KEY.id} {text_of(KEY)}\n")

    assert 0 == verify(whole, key=str(pem))[0]
    assert 0 == verify(whole, key=str(listed))[0]
    assert 1 == verify(whole, key=text_of(NEW_KEY))[0]


def test_without_a_usable_key_nothing_is_verified(
    whole: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "export.ndjson"
    path.write_bytes(b"\n".join(whole) + b"\n")

    assert 2 == main(["verify", str(path)])
    assert 2 == main(["verify", str(path), "--key", "nonsense"])
    assert "" == capsys.readouterr().out


def test_the_database_is_verified_without_a_file(
    told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = conninfo_to_dict(told)
    host = quote(str(parts["host"]), safe="")
    url = f"postgresql://{parts['user']}@/{parts['dbname']}?host={host}&port={parts['port']}"
    monkeypatch.setenv("PSA_LEDGER_DATABASE_URL", url)

    assert 0 == main(["verify", "--key", text_of(KEY)])
    assert 1 == main(["verify", "--key", text_of(FOREIGN_KEY)])
    assert 0 == main(["verify"])

    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("PROVEN: ")
    assert said[1].startswith("NOT PROVEN: position ")
    assert said[-1].startswith("Checked with the public keys that the database itself lists")
