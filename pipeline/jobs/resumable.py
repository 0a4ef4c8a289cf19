"""Work that can be killed at any moment: parts written whole, kept with their checksums, and made only once.

While a job runs, finished parts wait in a hidden folder of the output. A part counts when the file with its checksum is
there and agrees with it; that file is written after the part, and both reach the disk before the job goes on. The same
job started again keeps sound parts and makes the others. Another job (other model, tables or settings) starts over.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from features.errors import BadInput, printable
from pipeline.files import read_json, replace, sync, to_json

Facts = dict[str, Any]
CHUNK = 1 << 20


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Hold ``out`` for this process; the lock goes with the process, however it ends.

    Raises
    ------
    BadInput
        When another process holds it, or ``out`` cannot be written.
    """
    import fcntl

    path = out / ".score.lock"
    with writable(out):
        out.mkdir(parents=True, exist_ok=True)
    while True:
        with writable(out):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = printable(os.pread(handle, 200, 0).decode("utf-8", "replace")) or "another process"
                raise BadInput(
                    str(out),
                    expected="an output no other job is writing",
                    got=f"one that {holder} is writing",
                    todo="Wait for it to end, or name another folder.",
                ) from error
            if not _is_at(handle, path):  # its last holder removed it between our two steps
                continue
            _note(handle, f"process {os.getpid()} on {socket.gethostname()}")
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one at ``path``."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _note(handle: int, text: str) -> None:
    """Say in the lock file who holds it; on a full disk it stays unsaid."""
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)
    except OSError:
        return


@contextmanager
def writable(place: Path) -> Iterator[None]:
    """Turn a full disk or a forbidden folder into a sentence; what was finished stays."""
    try:
        yield
    except OSError as error:
        raise BadInput(
            str(error.filename or place),
            expected="a folder that can be written",
            got=error.strerror or str(error),
            todo="Free space or choose another folder, and run the same command again: it goes on where it stopped.",
        ) from error


class Parts:
    """The parts of one job in ``folder``.

    Parameters
    ----------
    folder : hidden folder in the output; made anew unless it belongs to the same job
    job : JSON value that tells this job from any other with another result
    """

    def __init__(self, folder: Path, job: Mapping[str, Any]) -> None:
        self.folder = folder
        self.resumed = folder.is_dir() and _job_in(folder) == dict(job)
        with writable(folder):
            shutil.rmtree(_aside(folder), ignore_errors=True)
            if not self.resumed:
                discard(folder)
                (folder / "parts").mkdir(parents=True)
                write_whole(folder / "job.json", to_json(dict(job)).encode())

    def path(self, name: str) -> Path:
        """Where part ``name`` is, or will be."""
        return self.folder / "parts" / name

    def _facts(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def publish(self, name: str, target: Path) -> None:
        """Put part ``name`` at ``target`` and keep it here, so that a job killed now need not make it again."""
        with writable(target):
            waiting = self.folder / target.name
            waiting.unlink(missing_ok=True)
            _share(self.path(name), waiting)
            os.replace(waiting, target)
            flush(target.parent)

    def publish_all(self, names: Iterable[str], target: Path) -> None:
        """Put parts into a folder at ``target``, in one step; what stood there goes."""
        with writable(target):
            waiting = self.folder / target.name
            shutil.rmtree(waiting, ignore_errors=True)
            waiting.mkdir()
            for name in names:
                _share(self.path(name), waiting / name)
            sync(waiting)
            replace(waiting, target)

    def sound(self, name: str) -> Facts | None:
        """What was noted of part ``name``, if it is there and has its checksum; else None."""
        try:
            facts = read_json(self._facts(name))
            whole = isinstance(facts, dict) and facts["sha256"] == checksum(self.path(name))
        except (OSError, ValueError, KeyError):
            return None
        return facts if whole else None

    def make(self, name: str, write: Callable[[Path], Facts]) -> Facts:
        """Part ``name`` as ``write(path)`` leaves it at the path it is given; returns its facts with its checksum."""
        path = self.path(name)
        temporary = path.with_name(f".{name}")
        with writable(path):
            temporary.unlink(missing_ok=True)
            try:
                facts = write(temporary)
                facts["sha256"] = checksum(temporary)
                flush(temporary)
                os.replace(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
            flush(path.parent)
            write_whole(self._facts(name), to_json(facts).encode())
        return facts

    def remove(self) -> None:
        """Forget the job; a half-removed folder is never mistaken for one."""
        discard(self.folder)


def discard(folder: Path) -> None:
    """Remove ``folder`` in one step as far as its name goes."""
    if folder.exists():
        gone = _aside(folder)
        shutil.rmtree(gone, ignore_errors=True)
        os.replace(folder, gone)
        shutil.rmtree(gone, ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.old")


def _share(part: Path, target: Path) -> None:
    """The same content at ``target``: a second name where the file system has them, else a copy."""
    try:
        os.link(part, target)
    except OSError:
        shutil.copyfile(part, target)
        flush(target)


def _job_in(folder: Path) -> Any:
    try:
        return read_json(folder / "job.json")
    except (OSError, ValueError):
        return None


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file so that after a power cut it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_bytes(content)
        flush(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    flush(path.parent)


def flush(path: Path) -> None:
    """Force a file or the names in a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
