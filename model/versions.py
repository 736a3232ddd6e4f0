"""The versions of the model in `$CHUDE_HOME`: one folder each, and one small file, `live`, that names the live one.

A version is never overwritten. The pointer is replaced atomically and remembers the version before, so that a rollback
knows where to go. With nothing there, the shipped artifact is live.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from model.artifact.artifact import Artifact
from model.artifact.files import MANIFEST, PRETRAINED, load, save
from model.errors import ArtifactMissing, SettingError, VersionError
from model.files import sync, write_whole


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
        self._pointer = home / "live"

    def live(self) -> str | None:
        """Return the live version, or None for the shipped artifact."""
        return next(iter(self._read_pointer()), None)

    def before(self) -> str | None:
        """Return the version that was live before the live one, if any."""
        return next(iter(self._read_pointer()[1:]), None)

    def names(self) -> list[str]:
        """Return the versions in the home folder, the oldest first."""
        folders = (manifest.parent for manifest in (self.home / "models").glob(f"[!.]*/{MANIFEST}"))
        return [folder.name for folder in sorted(folders, key=lambda folder: (folder.stat().st_mtime_ns, folder.name))]

    def made_at(self, version: str) -> float:
        """Return when a version was stored, in seconds since 1970."""
        return (self.folder(version) / MANIFEST).stat().st_mtime

    def folder(self, version: str | None = None) -> Path:
        """Return the folder of a version, by default of the live one. Raises VersionError for an unknown version."""
        version = version or self.live()
        if version is None:
            return PRETRAINED
        folder = self.home / "models" / version
        if os.sep not in version and not version.startswith(".") and (folder / MANIFEST).exists():
            return folder
        if version == load().version:
            return PRETRAINED
        raise VersionError(f"{version}: no such version in {self.home / 'models'}: `chude models list` shows them")

    def add(self, artifact: Artifact) -> str:
        """Store an artifact under its version, whole or not at all, and return the version."""
        models = self.home / "models"
        models.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=models))
        try:
            version = save(artifact, part).version
            part.chmod(0o755)
            if not (models / version).exists():
                os.rename(part, models / version)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return version

    def make_live(self, version: str) -> None:
        """Let the pointer name a version, when all of it is on the disk; `model.activation.activate` checks it."""
        folder = self.folder(version)
        with self._locked():
            before = self.live() or load().version
            if version == before:
                return
            if folder != PRETRAINED:
                for path in (*folder.iterdir(), folder, folder.parent, self.home):
                    sync(path)
            with write_whole(self._pointer) as part:
                part.write_text(f"{version}\n{before}\n", encoding="utf-8")

    def prune(self, keep: int) -> list[str]:
        """Remove all but the newest `keep` versions, never the live one, the one before, nor their bases."""
        with self._locked():
            used = {self.live(), self.before()}
            for name in [name for name in used if name and (self.home / "models" / name).exists()]:
                used.add(load(self.folder(name)).training.get("base"))
            gone = [name for name in self.names()[: -keep or None] if name not in used]
            for name in gone:
                shutil.rmtree(self.home / "models" / name)
        return gone

    def _read_pointer(self) -> list[str]:
        try:
            return self._pointer.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise ArtifactMissing(f"{self._pointer}: cannot be read: {error}") from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from changing the pointer or removing versions."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
