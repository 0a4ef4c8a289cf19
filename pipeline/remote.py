"""Folders in object stores (S3, GCS, Azure): fetched before a job and sent after it, through Arrow's own file systems.

A job works on local files, which it reads many times. What it reads is copied to a folder of this machine named after
the address; files that are there already with the size and time of the original are not copied again, so that a job
that was killed goes on. What it writes is sent when it is done, the manifest last.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BadInput, printable

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

log = logging.getLogger(__name__)
SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss")
LAST = "manifest.json"  # sent last: what it does not agree with is not complete
_ADDRESS = re.compile(rf"({'|'.join(SCHEMES)})://.+")
CHUNK = 8 << 20  # bytes


def is_remote(address: str | None) -> bool:
    """Whether ``address`` names a place in an object store."""
    return bool(address and _ADDRESS.fullmatch(address))


def folder_of(address: str) -> Path:
    """The local folder that stands for ``address``; the same one every time."""
    name = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"unpump-remote-{os.getuid()}" / name


def _open(address: str) -> tuple[FileSystem, str]:
    """File system and path of ``address``.

    Raises
    ------
    BadInput
        When the address or its settings cannot be used.
    """
    import pyarrow as pa
    from pyarrow.fs import FileSystem

    try:
        return FileSystem.from_uri(address)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str, error: Exception) -> BadInput:
    shown = re.sub(r"//[^/@]*@", "//***@", address)  # a key in an address is nobody's business
    return BadInput(
        printable(shown.partition("?")[0], 300),
        expected="a place in an object store that can be reached",
        got=printable(str(error), 300),
        todo="See docs/deploy.md for addresses, keys and regions.",
    )


def fetched(address: str) -> Path:
    """Copy the file or folder at ``address`` to this machine, and return where it is.

    Raises
    ------
    BadInput
        When it cannot be reached or holds nothing.
    """
    import pyarrow as pa
    from pyarrow.fs import FileSelector, FileType

    system, path = _open(address)
    target = folder_of(address)
    try:
        (found,) = system.get_file_info([path])
        if found.type == FileType.File:
            _copy(system, found, target / Path(path).name)
            return target / Path(path).name
        infos = system.get_file_info(FileSelector(path, recursive=True, allow_not_found=True))
        files = {i.path[len(path.rstrip("/")) + 1 :]: i for i in infos if i.type == FileType.File}
        if not files:
            raise FileNotFoundError("no files there")
        for name, info in sorted(files.items()):
            _copy(system, info, _inside(target, name))
    except (OSError, pa.ArrowException) as error:
        raise _unreachable(address, error) from error
    _forget_others(target, set(files))
    return target


def _inside(folder: Path, name: str) -> Path:
    """``name`` below ``folder``; a name that leads elsewhere is refused."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise OSError(f"a name that leads out of the folder: {printable(name)}")
    return path


def _copy(system: FileSystem, info: Any, target: Path) -> None:
    """Copy one file unless the same one is there."""
    moment = info.mtime_ns
    if target.is_file():
        here = target.stat()
        if here.st_size == info.size and (moment is None or here.st_mtime_ns == moment):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    waiting = target.with_name(f".{target.name}.coming")
    with system.open_input_stream(info.path) as source, waiting.open("wb") as sink:
        shutil.copyfileobj(source, sink, CHUNK)
    if moment is not None:
        os.utime(waiting, ns=(moment, moment))
    os.replace(waiting, target)


def _forget_others(folder: Path, names: set[str]) -> None:
    """Remove files of an earlier copy that are there no longer."""
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in names:
            path.unlink()


def sent(folder: Path, address: str) -> None:
    """Copy everything in ``folder`` to ``address``, the manifest last; parts of an earlier job there are removed.

    Raises
    ------
    BadInput
        When the place cannot be written.
    """
    import pyarrow as pa
    from pyarrow.fs import FileSelector, FileType

    system, path = _open(address)
    names = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]
    names = [n for n in names if not n.startswith(".")]
    try:
        there = system.get_file_info(FileSelector(path, recursive=True, allow_not_found=True))
        before = {i.path[len(path.rstrip("/")) + 1 :] for i in there if i.type == FileType.File}
        if LAST in before & set(names):
            system.delete_file(f"{path}/{LAST}")  # until the new one is there, what is there is not complete
        for name in sorted(names, key=lambda n: (n == LAST, n)):
            _send(system, folder / name, f"{path}/{name}")
        stale = {n for n in before - set(names) if n == "scores.parquet" or n.startswith("scores/")}
        for name in sorted(stale if LAST in names else ()):
            system.delete_file(f"{path}/{name}")
    except (OSError, pa.ArrowException) as error:
        raise _unreachable(address, error) from error
    log.info("%d files sent to %s", len(names), printable(address.partition("?")[0], 300))


def _send(system: FileSystem, source: Path, target: str) -> None:
    from pyarrow.fs import LocalFileSystem

    if isinstance(system, LocalFileSystem):
        system.create_dir(target.rpartition("/")[0], recursive=True)
    with source.open("rb") as stream, system.open_output_stream(target) as sink:
        shutil.copyfileobj(stream, sink, CHUNK)


@contextmanager
def output(address: str, keep: str | None = None) -> Iterator[Path]:
    """A local folder for what belongs at ``address``; it is sent when the block ends without an error.

    After an error the folder stays, so that the same command goes on where it stopped. ``keep`` is a file there that
    the job goes on with, and is fetched first.
    """
    if not is_remote(address):
        yield Path(address)
        return
    folder = folder_of(address)
    folder.mkdir(parents=True, exist_ok=True)
    if keep:
        fetch_if_there(address, keep, folder)
    yield folder
    sent(folder, address)
    shutil.rmtree(folder, ignore_errors=True)


def workplace(address: str) -> tuple[Path, Callable[[], None] | None]:
    """A local folder for a job that resumes by itself, and what sends its files to ``address``; None: they are there.

    The job calls it while it holds the folder and before it forgets what it has done: a store that fails then costs
    no more than sending again, and no other job finds the folder half emptied.
    """
    if not is_remote(address):
        return Path(address), None
    folder = folder_of(address)
    folder.mkdir(parents=True, exist_ok=True)

    def deliver() -> None:
        sent(folder, address)
        for path in folder.iterdir():
            if path.is_dir() and not path.name.startswith("."):
                shutil.rmtree(path)
            elif not path.name.startswith("."):  # what the job keeps for itself is its own to remove
                path.unlink()

    return folder, deliver


def fetch_if_there(address: str, name: str, folder: Path) -> None:
    """Copy the file ``name`` at ``address`` into ``folder``, if there is one.

    Raises
    ------
    BadInput
        When the place cannot be reached.
    """
    import pyarrow as pa
    from pyarrow.fs import FileType

    system, path = _open(address)
    try:
        (found,) = system.get_file_info([f"{path.rstrip('/')}/{name}"])
        if found.type == FileType.File:
            _copy(system, found, folder / name)
    except (OSError, pa.ArrowException) as error:
        raise _unreachable(address, error) from error


def here(address: str) -> Path:
    """``address`` as a local path, fetched if it is in an object store."""
    return fetched(address) if is_remote(address) else Path(address)
