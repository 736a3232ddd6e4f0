"""The versions of the model in `$CHUDE_HOME`: one folder each, and one small file, `live`, that names the live one.

A version is never overwritten. The pointer is replaced atomically and remembers the version before, so that a rollback
knows where to go. With nothing there, the shipped artifact is live.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from model.artifact import MANIFEST, PRETRAINED, Artifact, load, read_manifest, save, shipped_version
from model.errors import ArtifactError, ArtifactMissing, SettingError, VersionError
from model.files import sync, write_whole
from model.storage import make_home, storage

_PART = ".part-"
"""How the names of folders begin in which a version is written."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def home_folder(environ: Mapping[str, str]) -> Path:
    """Return `$CHUDE_HOME`, by default the platform's folder of user data. Raises SettingError where there is none."""
    if chosen := environ.get("CHUDE_HOME"):
        return Path(chosen)
    from platformdirs import user_data_path

    folder = platform_folder(user_data_path)
    if folder is None:
        raise SettingError(f"user {os.getuid()} has no home folder: set CHUDE_HOME to a folder for versions and labels")
    return folder


def platform_folder(find: Callable[..., Path]) -> Path | None:
    """Return the folder that a function of platformdirs has for chude; None for a user without a home folder."""
    try:
        folder = find("chude", appauthor=False)
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None  # an older platformdirs leaves a ~


def artifact_folder(environ: Mapping[str, str], chosen: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder `chosen`, or that of the version of that name, or by default of the live version.

    A string without a slash is a folder when there is one of that name, and else a version. A user without a home
    folder has the shipped version only. Raises VersionError.
    """
    if chosen is not None and (not isinstance(chosen, str) or os.sep in chosen or Path(chosen).exists()):
        return Path(chosen)
    try:
        home = home_folder(environ)
    except SettingError:
        if chosen is None:
            return PRETRAINED
        raise
    return Versions(home).folder(chosen)


class Versions:
    """The versions in one home folder. Safe to use from several processes at once."""

    def __init__(self, home: Path) -> None:
        """Use the folder `home`, made at the first write."""
        self.home = home
        self._models = home / "models"
        self._pointer = home / "live"

    def live(self) -> str | None:
        """Return the live version, or None for the shipped artifact. Raises ArtifactMissing for a damaged pointer."""
        return next(iter(self._read_pointer()), None)

    def before(self) -> str | None:
        """Return the version that was live before the live one, if any."""
        return next(iter(self._read_pointer()[1:]), None)

    def names(self) -> list[str]:
        """Return the versions in the home folder, the oldest first."""
        stored: list[tuple[int, str]] = []
        for manifest in self._models.glob(f"[!.]*/{MANIFEST}"):
            with suppress(FileNotFoundError):  # it has just been pruned
                stored.append((manifest.parent.stat().st_mtime_ns, manifest.parent.name))
        return [name for _, name in sorted(stored)]

    def folder(self, version: str | None = None) -> Path:
        """Return the folder of a version, by default of the live one. Raises VersionError for an unknown version."""
        version = version or self.live()
        if version is None:
            return PRETRAINED
        try:
            if _NAME.match(version) and (self._models / version / MANIFEST).exists():
                return self._models / version
        except OSError as error:
            raise ArtifactMissing(f"{self._models / version}: cannot be read: {error.strerror}") from None
        if version == shipped_version():
            return PRETRAINED
        raise VersionError(f"{version}: no such version in {self._models}: `chude models list` shows them")

    def add(self, artifact: Artifact) -> str:
        """Store an artifact under its version, whole or not at all, and return the version. Raises StorageError.

        It is on the disk by then. A folder of that version which is damaged is replaced.
        """
        make_home(self.home)
        with storage(self._models):
            self._models.mkdir(exist_ok=True)
            with self._part() as part:
                version = save(artifact, part).version
                part.chmod(0o755)
                with self._locked():
                    self._place(part, self._models / version)
                sync(self._models)
                sync(self.home)
        return version

    @contextmanager
    def _part(self) -> Iterator[Path]:
        """Yield a folder for a version that is being written; it is locked, so that nobody takes it for a left one."""
        with self._locked():
            self._sweep()
            part = Path(tempfile.mkdtemp(prefix=_PART, dir=self._models))
            number = os.open(part, os.O_RDONLY)
            fcntl.flock(number, fcntl.LOCK_EX)
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)
            os.close(number)

    def _sweep(self) -> None:
        """Remove what killed writers left: their lock ended with them."""
        for part in self._models.glob(f"{_PART}*"):
            number = os.open(part, os.O_RDONLY)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            else:
                shutil.rmtree(part, ignore_errors=True)
            finally:
                os.close(number)

    def _place(self, part: Path, folder: Path) -> None:
        """Give the folder of a new version its name, unless that is there and whole."""
        if folder.exists():
            try:
                load(folder)
            except ArtifactError:
                grave = Path(tempfile.mkdtemp(prefix=_PART, dir=self._models))
                os.rename(folder, grave / "damaged")
                os.rename(part, folder)
                shutil.rmtree(grave, ignore_errors=True)
            return
        os.rename(part, folder)

    def make_live(self, version: str, claim: AbstractContextManager[object] | None = None) -> None:
        """Let the pointer name a version, when all of it is on the disk; `model.activation.activate` checks it.

        `claim` is entered before the pointer changes and left after it: where it raises, on the way in or out, the
        pointer is as it was. Raises VersionError, StorageError, and what `claim` raises.
        """
        folder = self.folder(version)
        make_home(self.home)
        with storage(self.home):
            if folder != PRETRAINED:
                for path in (*folder.iterdir(), folder, folder.parent, self.home):
                    sync(path)
            replaced: tuple[bytes, bytes | None] | None = None
            try:
                with claim or nullcontext():
                    replaced = self._point_to(version)
            except BaseException:
                if replaced:
                    self._point_back(*replaced)
                raise

    def _point_to(self, version: str) -> tuple[bytes, bytes | None] | None:
        """Return what the pointer says now, and what it said before; None where it names the version already."""
        with self._locked():
            old = self._pointer.read_bytes() if self._pointer.exists() else None
            try:
                before = self.live() or shipped_version()
            except ArtifactMissing:
                before = shipped_version()
            if version == before:
                return None
            new = f"{version}\n{before}\n".encode()
            with write_whole(self._pointer) as part:
                part.write_bytes(new)
        return new, old

    def _point_back(self, new: bytes, old: bytes | None) -> None:
        """Let the pointer say what it said, unless somebody has changed it since."""
        with self._locked():
            if self._pointer.read_bytes() != new:
                return
            if old is None:
                self._pointer.unlink()
                sync(self.home)
                return
            with write_whole(self._pointer) as part:
                part.write_bytes(old)

    def prune(self, keep: int) -> list[str]:
        """Remove all but the newest `keep` versions, never the live one, the one before, nor their bases.

        What killed writers left is removed, too.
        """
        with storage(self._models), self._locked():
            self._sweep()
            used = {self.live(), self.before()}
            for name in [name for name in used if name and (self._models / name).exists()]:
                used.add(read_manifest(self.folder(name)).training.get("base"))
            gone = [name for name in self.names()[: -keep or None] if name not in used]
            for name in gone:
                shutil.rmtree(self._models / name)
        return gone

    def _read_pointer(self) -> list[str]:
        try:
            names = self._pointer.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise ArtifactMissing(f"{self._pointer}: cannot be read: {error}") from None
        if not names:
            raise ArtifactMissing(
                f"{self._pointer}: is empty: name a version with `chude models activate VERSION`, as "
                "`chude models list` shows them"
            )
        return names

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from changing the pointer or removing versions."""
        make_home(self.home)
        with (self.home / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
