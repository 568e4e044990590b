"""A model of the protocol: runners, their messages, a server; every interleaving and every death is walked through.

A runner sends one message at a time, and what it sends next depends on the answers so far. The server carries a message
out in one step or in several. A client may die at any moment: its session then carries the message that is under way
out, or some steps of it, or none, and ends a while later. Somebody starts the runner again. docs/adr/0010 has the
protocol in words.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

HALF = -1  # how often a statement took effect, if it is an index that is invalid, or a procedure's first part
APPLIED = ("applied", 0, False)


class Kind(Enum):
    """What a statement is, as far as the protocol cares."""

    PLAIN = "may be in a transaction"
    REFUSED = "may be in a transaction, and the server refuses it"
    INDEX = "is built in two steps, and the catalog tells how far it is"
    PROCEDURE = "commits in two steps, and nothing tells how far it is"


class File(NamedTuple):
    """A migration: the kinds of its statements, and how it travels (`light`, `together` or `alone`)."""

    way: str
    statements: tuple[Kind, ...]


class Broken(Enum):
    """Protocols that look right and are not: the model must find what is wrong with each."""

    NOTHING = "nothing"
    STALE_PLAN = "the ledger is not read again under the lock"
    STALE_QUEUE = "after a file the next of the old plan follows, whatever others did meanwhile"
    ENTRY_LATER = "the entry of a transactional file is a commit of its own"
    NO_STARTED_ROW = "a no-transaction file is recorded when it is done"
    LOCK_ELSEWHERE = "the lock is held by another session than the one that works"
    COUNT_LATER = "a statement and its count are two commits, and it is run again if it is not counted"
    INVALID_IS_DONE = "an index that is there is taken for done, valid or not"
    LIGHT_BLINDLY = "a light file does not look whether the ledger is as it was planned for"
    CALL_AGAIN = "a procedure is called again when nobody saw its end"


class Message(NamedTuple):
    """What a runner sends; `statement` is (version, number), `row` what an entry is to be."""

    verb: str
    version: int = 0
    number: int = 0
    row: Any = None


class Session(NamedTuple):
    """A session of the server, and the client at its other end unless that is dead."""

    answers: tuple[Any, ...] = ()
    step: int = 0
    writes: tuple[Any, ...] | None = None  # of its transaction
    locked: str = ""  # until the end of the `transaction` or of the `session`
    alive: bool = True


class World(NamedTuple):
    """What is committed, the sessions, and how much may still happen to them."""

    effects: tuple[tuple[int, ...], ...]
    rows: tuple[Any, ...]
    sessions: tuple[Session, ...]
    deaths_left: int
    asked: bool = False


class Violation(Exception):
    """The protocol broke a promise."""


@dataclass(frozen=True)
class Model:
    """A folder of files, and the protocol as it is or broken somewhere."""

    files: tuple[File, ...]
    broken: Broken = Broken.NOTHING

    # The runner

    def runner(self) -> Generator[Message, Any, str]:
        """One file, or some light ones: what is sent, and how it ends."""
        rows = yield Message("read")
        version = next((version for version, row in enumerate(rows) if row != APPLIED), None)
        if version is None:
            return "done"
        match self.files[version].way:
            case "light":
                yield Message("light", version, row=rows)
                return "again"
            case "together":
                end = yield from self.together(version, rows)
                if self.broken is Broken.STALE_QUEUE and end == "again" and version + 1 < len(self.files):
                    return (yield from self.together(version + 1, (yield Message("read"))))
                return end
            case _:
                return (yield from self.alone(version, rows))

    def together(self, version: int, rows: Any) -> Generator[Message, Any, str]:
        yield Message("begin locked")
        if self.broken is not Broken.STALE_PLAN and (yield Message("read")) != rows:
            yield Message("rollback")
            return "again"
        for number in range(len(self.files[version].statements)):
            if not (yield Message("run", version, number)):
                yield Message("rollback")
                return "failed"
        if self.broken is Broken.ENTRY_LATER:
            yield Message("commit")
        yield Message("write", version, row=APPLIED)
        yield Message("commit")
        return "again"

    def alone(self, version: int, rows: Any) -> Generator[Message, Any, str]:
        yield Message("lock")
        if self.broken is not Broken.STALE_PLAN and (yield Message("read")) != rows:
            yield Message("unlock")
            return "again"
        _, done, decided = rows[version] or ("", 0, False)
        statements = self.files[version].statements
        if rows[version] and done < len(statements):
            fate = yield Message("look", version, done)
            if fate == "unknown" and not decided:
                yield Message("unlock")
                return "asks"
            done += fate == "done"
        if self.broken is not Broken.NO_STARTED_ROW:
            yield Message("write", version, row=("started", done, False))
        for number in range(done, len(statements)):
            yield from self.counted(version, number)
        yield Message("write", version, row=APPLIED)
        yield Message("unlock")
        return "again"

    def counted(self, version: int, number: int) -> Generator[Message, Any, None]:
        count = Message("write", version, row=("started", number + 1, False))
        plain = self.files[version].statements[number] is Kind.PLAIN
        together = plain and self.broken is not Broken.COUNT_LATER
        if together:
            yield Message("begin")
        yield Message("run", version, number)
        if self.broken is not Broken.NO_STARTED_ROW:
            yield count
        if together:
            yield Message("commit")

    # The server

    def carried_out(self, world: World, session: Session, message: Message) -> tuple[Any, World, Session]:
        """The answer, or None if the message needs more steps, and what is different then. `world` has the others."""
        match message.verb:
            case "read":
                return world.rows, world, session
            case "look":
                return self.fate(world, message), world, session
            case "begin":
                return True, world, session._replace(writes=())
            case "begin locked" | "lock" | "light":
                return self.locked(world, session, message)
            case "commit" | "rollback" | "unlock":
                return self.freed(world, session, message)
            case _:
                return self.changed(world, session, message)

    def locked(self, world: World, session: Session, message: Message) -> tuple[Any, World, Session]:
        """What needs the lock; nobody waits for it."""
        if any(each.locked for each in world.sessions):
            return False, world, session
        match message.verb:
            case "light":
                return self.light(world, session, message)
            case "lock":
                return True, world, session._replace(locked="session")
            case _:
                return True, world, session._replace(writes=(), locked="transaction")

    def freed(self, world: World, session: Session, message: Message) -> tuple[Any, World, Session]:
        """The end of a transaction, or of the session's lock."""
        if message.verb == "unlock":
            return True, world, session._replace(locked="")
        for write in session.writes or () if message.verb == "commit" else ():
            world = self.written(world, write)
        kept = session.locked if session.locked == "session" else ""
        return True, world, session._replace(writes=None, locked=kept)

    def changed(self, world: World, session: Session, message: Message) -> tuple[Any, World, Session]:
        """`run` and `write`: at once, or in the transaction that is open."""
        kind = self.files[message.version].statements[message.number] if message.verb == "run" else Kind.PLAIN
        if kind is Kind.REFUSED:
            return False, world, session
        if session.writes is not None:
            return True, world, session._replace(writes=(*session.writes, message))
        if kind is Kind.INDEX and session.step == 0 and self.effect(world, message) == HALF:
            half = self.broken is Broken.INVALID_IS_DONE  # IF NOT EXISTS; otherwise it is dropped first
            return (True, world, session) if half else (None, self.set_effect(world, message, 0), session)
        if kind in (Kind.INDEX, Kind.PROCEDURE) and session.step == 0:
            if self.effect(world, message):
                raise Violation("a statement was run twice")
            return None, self.set_effect(world, message, HALF), session._replace(step=1)
        return True, self.written(world, message), session

    def light(self, world: World, session: Session, message: Message) -> tuple[Any, World, Session]:
        """One transaction after the other: lock, file, entry on top of the rows that were planned for, commit."""
        version = message.version + session.step
        planned = [APPLIED if message.version <= each < version else row for each, row in enumerate(message.row)]
        if self.broken is not Broken.LIGHT_BLINDLY and list(world.rows) != planned:
            return False, world, session
        for number in range(len(self.files[version].statements)):
            world = self.written(world, Message("run", version, number))
        world = self.written(world, Message("write", version, row=APPLIED))
        more = version + 1 < len(self.files) and self.files[version + 1].way == "light"
        return (None if more else True), world, session._replace(step=session.step + 1)

    def fate(self, world: World, message: Message) -> str:
        effect = self.effect(world, message)
        match self.files[message.version].statements[message.number]:
            case Kind.INDEX if self.broken is Broken.INVALID_IS_DONE:
                return "done" if effect else "not done"
            case Kind.INDEX:
                return "done" if effect == 1 else "not done"
            case Kind.PROCEDURE if self.broken is not Broken.CALL_AGAIN:
                return "unknown"
        return "not done"

    def effect(self, world: World, message: Message) -> int:
        return world.effects[message.version][message.number]

    def set_effect(self, world: World, message: Message, effect: int) -> World:
        of_file = list(world.effects[message.version])
        of_file[message.number] = effect
        effects = (*world.effects[: message.version], tuple(of_file), *world.effects[message.version + 1 :])
        return world._replace(effects=effects)

    def written(self, world: World, message: Message) -> World:
        if message.verb == "run":
            before = self.effect(world, message)
            return self.set_effect(world, message, 1 if before == HALF else before + 1)
        if world.rows[message.version] == APPLIED:
            raise Violation("only the primary key kept a stale runner from recording a file again")
        rows = (*world.rows[: message.version], message.row, *world.rows[message.version + 1 :])
        return world._replace(rows=rows)

    # What may happen

    def next_worlds(self, world: World) -> Iterator[World]:
        """All worlds that are one step away."""
        for index, session in enumerate(world.sessions):
            others = world._replace(sessions=world.sessions[:index] + world.sessions[index + 1 :])
            message, end = conversation(self, session.answers)
            if message:
                yield self.one_step(others, session, message)
            elif session.alive:
                yield ended(others, end)
            if not session.alive:
                yield others
            elif world.deaths_left:
                locked = "" if self.broken is Broken.LOCK_ELSEWHERE else session.locked
                dead = session._replace(alive=False, locked=locked)
                yield with_sessions(others._replace(deaths_left=world.deaths_left - 1), dead, Session())
        if world.asked and not any(session.locked for session in world.sessions):
            yield self.decided(world)

    def one_step(self, others: World, session: Session, message: Message) -> World:
        """The server makes one step; a session without a client ends after the message that was under way."""
        answer, world, session = self.carried_out(others, session, message)
        if answer is None:
            return with_sessions(world, session)
        if not session.alive:
            return world
        refused = answer is False and message.verb in ("begin locked", "lock")  # asks again, with the plan that it has
        answers = session.answers[:1] if refused else (*session.answers, answer)
        return with_sessions(world, session._replace(answers=answers, step=0))

    def decided(self, world: World) -> World:
        """A person looks, does the rest by hand if there is one, and says what is true; a runner is started again."""
        version = next((each for each, row in enumerate(world.rows) if row and row != APPLIED), None)
        done = world.rows[version][1] if version is not None else 0
        if version is not None and done < len(world.effects[version]):
            place = Message("write", version, done, ("started", done, True))
            if self.effect(world, place):
                world, place = self.set_effect(world, place, 1), place._replace(row=APPLIED)
            world = self.written(world, place)
        return with_sessions(world._replace(asked=False), Session())

    # What must never be

    def check(self, world: World) -> None:
        """Raises Violation unless what is committed is what the contract promises (section 4, 1, 6 and 7)."""
        for file, row, effects in zip(self.files, world.rows, world.effects, strict=True):
            match row:
                case None:
                    right = not any(effects)
                case ("applied", *_):
                    right = all(effect == 1 for effect in effects)
                case _:
                    done = row[1]
                    border = file.statements[done : done + 1]
                    untouched = effects[done if border == (Kind.PLAIN,) else done + 1 :]
                    right = file.way == "alone" and set(effects[:done]) <= {1} and not any(untouched)
            if not right:
                raise Violation(f"the ledger says {row}, and the effects are {effects}")
        if not world.sessions and not world.asked:
            refused = [version for version, file in enumerate(self.files) if Kind.REFUSED in file.statements]
            last = refused[0] if refused else len(self.files)
            if list(world.rows) != [APPLIED if version < last else None for version in range(len(self.files))]:
                raise Violation(f"all runners have ended, and the ledger says {world.rows}")


@cache
def conversation(model: Model, answers: tuple[Any, ...]) -> tuple[Message | None, str]:
    """What a runner sends after these answers, or how it ends."""
    runner = model.runner()
    try:
        message = next(runner)
        for answer in answers:
            message = runner.send(answer)
    except StopIteration as stop:
        return None, stop.value
    return message, ""


def ended(others: World, end: str) -> World:
    if end == "again":
        return with_sessions(others, Session())
    return others._replace(asked=others.asked or end == "asks")


def with_sessions(world: World, *sessions: Session) -> World:
    """The world with more sessions; which of them is which does not matter."""
    return world._replace(sessions=tuple(sorted((*world.sessions, *sessions), key=hash)))


def explore(model: Model, *, runners: int, deaths: int) -> int:
    """How many worlds there are. Raises Violation, also if from one of them no way leads to the end."""
    effects = tuple((0,) * len(file.statements) for file in model.files)
    first = World(effects, (None,) * len(model.files), tuple(Session() for _ in range(runners)), deaths)
    before: dict[World, list[World]] = {first: []}
    queue = deque([first])
    while queue:
        world = queue.popleft()
        model.check(world)
        for after in model.next_worlds(world):
            if after not in before:
                before[after] = []
                queue.append(after)
            before[after].append(world)
    if len(with_a_way_to_the_end(before)) < len(before):
        raise Violation("there is a world from which no way leads to the end")
    return len(before)


def with_a_way_to_the_end(before: dict[World, list[World]]) -> set[World]:
    queue = deque(world for world in before if not world.sessions and not world.asked)
    reached = set(queue)
    while queue:
        for world in before[queue.popleft()]:
            if world not in reached:
                reached.add(world)
                queue.append(world)
    return reached
