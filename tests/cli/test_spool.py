"""The spool: what was appended is there again, in order, whoever dies; a file has one owner; no loss is silent."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.errors import SpoolFull, SpoolUnusable
from gateway.spending.spool import Spool, adopt_spool, open_spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
OWNER = """
import sys
from pathlib import Path
from gateway.spending.spool import open_spool

spool = open_spool(Path(sys.argv[1]), 1_000_000)
print(spool.path, flush=True)
for line in sys.stdin:
    spool.append(line.strip().encode())
    print(spool.waiting, flush=True)
"""


def everything(spool: Spool) -> list[bytes]:
    """What waits, batch by batch."""
    found: list[bytes] = []
    reached = 0
    while batch := spool.next_batch(1000, after=reached):
        reached = batch.last
        found += spool.read(batch)
    return found


def numbered(count: int, first: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(first, first + count)]


def fill(spool: Spool, bodies: list[bytes]) -> None:
    for body in bodies:
        spool.append(body)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(open_spool(tmp_path, 100_000)) as one:
        yield one


@contextmanager
def owner(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that owns a spool, appends each line it is sent, and says how many there are."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def say(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin
    process.stdin.write(text)
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.mark.parametrize("in_memory", [False, True], ids=["on disk", "in memory"])
def test_records_come_out_as_they_went_in_batch_by_batch_in_their_order(tmp_path: Path, *, in_memory: bool) -> None:
    with closing(open_spool(None if in_memory else tmp_path, 100_000)) as one:
        fill(one, numbered(25))
        seen = []
        while batch := one.next_batch(10):
            seen.append(one.read(batch))
            one.done(batch)

        assert seen == [numbered(10), numbered(10, 10), numbered(5, 20)]
        assert (one.waiting, one.loose, one.oldest) == (0, 0, None)


def test_a_batch_keeps_its_id_and_its_records_until_it_is_done(spool: Spool) -> None:
    fill(spool, numbered(10))
    first = spool.next_batch(4)
    assert first
    fill(spool, numbered(10, 10))

    assert spool.next_batch(1000) == first
    assert spool.read(first) == numbered(4)
    assert (spool.waiting, spool.loose) == (20, 16)


def test_batches_outlive_the_process_with_their_ids(tmp_path: Path) -> None:
    with closing(open_spool(tmp_path, 100_000)) as before:
        fill(before, numbered(10))
        batch = before.next_batch(6)

    with closing(open_spool(tmp_path, 100_000)) as after:
        assert after.next_batch(100) == batch
        assert everything(after) == numbered(10)
        assert (after.waiting, after.loose) == (10, 0)


def test_a_batch_that_waits_does_not_hold_up_those_behind_it(spool: Spool) -> None:
    fill(spool, numbered(10))
    first = spool.next_batch(4)
    assert first
    second = spool.next_batch(4, after=first.last)
    assert second
    spool.done(second)
    fill(spool, numbered(2, 10))

    assert everything(spool) == [*numbered(4), *numbered(4, 8)]
    assert spool.next_batch(100) == first


def test_the_halves_of_a_batch_have_new_ids_stand_in_its_place_and_are_there_after_a_crash(tmp_path: Path) -> None:
    with closing(open_spool(tmp_path, 100_000)) as before:
        fill(before, numbered(7))
        batch = before.next_batch(5)
        assert batch
        first, second = before.split(batch)
        [before.read(half) for half in (first, second)]

    with closing(open_spool(tmp_path, 100_000)) as after:
        found = after.next_batch(100), after.next_batch(100, after=first.last), after.next_batch(100, after=second.last)
        assert found[:2] == (first, second)
        assert found[2] is not None
        assert [after.read(each) for each in found if each] == [numbered(3), numbered(2, 3), numbered(2, 5)]
        assert len({batch.id, *(each.id for each in found if each)}) == 4


def test_a_batch_is_no_larger_than_a_few_megabytes_and_has_one_record_at_least(spool: Spool) -> None:
    large = b"x" * 1_500_000
    fill(spool, [large, large, large, large * 4, b"small"])
    sizes = []
    while batch := spool.next_batch(1000):
        sizes.append([len(body) for body in spool.read(batch)])
        spool.done(batch)

    assert sizes == [[1_500_000, 1_500_000], [1_500_000], [6_000_000], [5]]


def test_numbers_only_grow_so_that_a_batch_never_takes_the_place_of_one_that_is_done(spool: Spool) -> None:
    fill(spool, numbered(5))
    before = spool.next_batch(5)
    assert before
    spool.done(before)
    fill(spool, numbered(5, 5))

    after = spool.next_batch(5)

    assert after
    assert after.first > before.last


def test_a_full_spool_refuses_and_takes_again_when_there_is_room(tmp_path: Path) -> None:
    with closing(open_spool(tmp_path, 3)) as one:
        fill(one, numbered(3))
        with pytest.raises(SpoolFull, match="3 records wait"):
            one.append(b"3")
        batch = one.next_batch(2)
        assert batch
        one.done(batch)
        one.append(b"4")

        assert everything(one) == [b"2", b"4"]


def test_the_file_of_an_emptied_spool_becomes_small_again(spool: Spool) -> None:
    fill(spool, [b"x" * 1_000_000] * 80)
    assert spool.path
    while batch := spool.next_batch(1000):
        spool.done(batch)

    assert spool.path.stat().st_size < 100_000


def test_processes_share_a_folder_and_each_has_a_file_of_its_own(tmp_path: Path) -> None:
    with closing(open_spool(tmp_path, 10)) as one, closing(open_spool(tmp_path, 10)) as two, owner(tmp_path) as three:
        paths = [one.path, two.path, Path(hear(three))]

        assert paths == [tmp_path / f"spend-{number}.sqlite" for number in range(3)]
        assert adopt_spool(tmp_path, 10) is None


def test_a_killed_process_leaves_what_it_appended_to_the_next_one(tmp_path: Path) -> None:
    with owner(tmp_path) as process:
        path = Path(hear(process))
        say(process, "".join(f"{number}\n" for number in range(300)))
        acknowledged = [hear(process) for _ in range(200)]
        process.send_signal(signal.SIGKILL)

    with closing(open_spool(tmp_path, 1000)) as one:
        found = everything(one)

    assert one.path == path
    assert acknowledged[-1] == "200"
    assert found == numbered(len(found))
    assert len(found) >= 200


def test_a_process_that_stands_still_in_the_folder_holds_up_the_others_for_a_while_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(tmp_path, 2)
    with (tmp_path / "spend.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert adopt_spool(tmp_path, 10) is None
        monkeypatch.setattr(time, "monotonic", count(step=3).__next__)
        with pytest.raises(SpoolUnusable, match="does not come to an end"):
            open_spool(tmp_path, 10)


def bury(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def test_what_other_dead_processes_left_is_adopted_and_the_living_are_left_alone(tmp_path: Path) -> None:
    with owner(tmp_path) as first:
        assert hear(first).endswith("spend-0.sqlite")
        say(first, "from 0\n")
        hear(first)
        with owner(tmp_path) as second:
            assert hear(second).endswith("spend-1.sqlite")
            with closing(open_spool(tmp_path, 10)) as idle:
                assert idle.path == tmp_path / "spend-2.sqlite"
            say(second, "from 1\n")
            hear(second)
            bury(second)

        with closing(open_spool(tmp_path, 10)) as own:
            assert (own.path, everything(own)) == (tmp_path / "spend-1.sqlite", [b"from 1"])
            assert adopt_spool(tmp_path, 10) is None  # the idle one left nothing, the first one lives
            bury(first)
            adopted = adopt_spool(tmp_path, 10)
            assert adopted
            assert (adopted.path, everything(adopted)) == (tmp_path / "spend-0.sqlite", [b"from 0"])
            adopted.remove()

    assert sorted(path.name for path in tmp_path.glob("spend-*.sqlite*")) == ["spend-1.sqlite", "spend-2.sqlite"]


def leave(folder: Path, count: int) -> Path:
    """A spool that a process has left, with some records and one batch of them."""
    with closing(open_spool(folder, 100_000)) as one:
        fill(one, [b"%d " % number * 100 for number in range(count)])
        one.next_batch(count // 2)
        assert one.path
        return one.path


def overwrite(path: Path, at: int, what: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(what)


DAMAGE = [
    pytest.param(lambda path: path.write_bytes(b"no database at all, but a text\n" * 100), id="another file"),
    pytest.param(lambda path: overwrite(path, 0, b"\0" * 100), id="no head"),
    pytest.param(lambda path: os.truncate(path, path.stat().st_size // 2), id="half of it"),
    pytest.param(lambda path: os.truncate(path, 5000), id="a page and a piece"),
    pytest.param(lambda path: os.truncate(path, 50), id="less than a head"),
    pytest.param(lambda path: overwrite(path, 4096 * 3, b"\xa5" * 4096), id="a page overwritten"),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_set_aside_with_a_word_and_a_new_one_takes_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], object]
) -> None:
    path = leave(tmp_path, 200)
    damage(path)
    as_found = path.read_bytes()

    with closing(open_spool(tmp_path, 1000)) as one:
        one.append(b"new")
        assert (one.path, everything(one)) == (path, [b"new"])

    [aside] = tmp_path.glob("spend-0.damaged-*.sqlite")
    assert one.set_aside == [aside]
    assert aside.read_bytes() == as_found
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert str(aside) in caplog.text


def test_damage_that_shows_while_a_file_is_in_use_is_set_aside_and_appending_goes_on(tmp_path: Path) -> None:
    path = leave(tmp_path, 50_000)
    with closing(open_spool(tmp_path, 1_000_000)) as one:
        batch = one.next_batch(100)
        assert batch
        overwrite(path, 4096 * 2, b"\xa5" * (path.stat().st_size - 4096 * 2))
        with pytest.raises(SpoolUnusable, match="damaged"):
            one.read(batch)
        one.append(b"new")

        assert everything(one) == [b"new"]
        assert (one.waiting, len(one.set_aside)) == (1, 1)


def test_a_log_without_its_file_is_set_aside_and_not_thrown_away(tmp_path: Path) -> None:
    with owner(tmp_path) as process:
        path = Path(hear(process))
        say(process, "kept\n")
        hear(process)
        process.kill()
    log = path.with_name(f"{path.name}-wal")
    as_found = log.read_bytes()
    path.unlink()

    with closing(open_spool(tmp_path, 10)) as one:
        assert everything(one) == []

    [aside] = tmp_path.glob("spend-0.damaged-*.sqlite-wal")
    assert aside.read_bytes() == as_found
    assert b"kept" in as_found


def test_a_torn_end_of_the_log_costs_the_torn_record_alone(tmp_path: Path) -> None:
    with owner(tmp_path) as process:
        path = Path(hear(process))
        say(process, "first\nsecond\n")
        hear(process), hear(process)
        process.kill()
    log = path.with_name(f"{path.name}-wal")
    os.truncate(log, log.stat().st_size - 100)

    with closing(open_spool(tmp_path, 10)) as one:
        assert everything(one) == [b"first"]


def test_a_file_of_another_build_is_left_alone(tmp_path: Path) -> None:
    path = leave(tmp_path, 10)
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 2")

    with closing(open_spool(tmp_path, 10)) as one:
        assert one.path == tmp_path / "spend-1.sqlite"
        assert adopt_spool(tmp_path, 10) is None


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_more_is_told_at_once_and_what_was_appended_stays(tmp_path: Path) -> None:
    with closing(open_spool(tmp_path, 1000)) as one:
        with no_file_larger_than(200_000), pytest.raises(SpoolUnusable, match=r"spend-0\.sqlite"):
            fill(one, [b"x" * 1000] * 1000)
        kept = one.waiting
        fill(one, numbered(3))

        assert 0 < kept < 1000
        assert everything(one) == [*[b"x" * 1000] * kept, *numbered(3)]


def test_a_disk_that_is_nearly_full_takes_no_more_and_can_still_be_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_spool(tmp_path, 1000)) as one:
        fill(one, numbered(5))
        nearly = os.statvfs_result((4096, 4096, 10**6, 100, 100, 10**6, 10**6, 10**6, 0, 255))
        monkeypatch.setattr(os, "statvfs", lambda _: nearly)
        with pytest.raises(SpoolFull, match="nearly full"):
            one.append(b"one more")

        assert everything(one) == numbered(5)


@pytest.mark.parametrize("folder", [Path("file"), Path("file/below")], ids=["a file", "below a file"])
def test_a_folder_that_cannot_be_used_is_one_clear_error(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SpoolUnusable, match=r"the folder of the spool, .*, cannot be written to: "):
        open_spool(tmp_path / folder, 10)


def test_a_closed_spool_refuses(tmp_path: Path) -> None:
    one = open_spool(tmp_path, 10)
    one.close()

    with pytest.raises(SpoolUnusable, match="closed"):
        one.append(b"late")
