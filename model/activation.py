"""Which version is live: a version goes live only after it loads and passes its self-test."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from model.artifact import load
from model.errors import ArtifactDamaged, VersionError
from model.page.html import Extractor, extract_html
from model.selftest import check_self_test
from model.tagger import TopicTagger
from model.versions import Versions


def load_checked(folder: Path, version: str | None = None, extract: Extractor = extract_html) -> TopicTagger:
    """Load the artifact in a folder, which must be `version`, if that is given, and pass its self-test.

    `extract` turns HTML into text. Raises ArtifactError.
    """
    tagger = TopicTagger(load(folder), extract)
    if version and tagger.version != version:
        raise ArtifactDamaged(f"{folder} holds version {tagger.version}, not {version}: copy the right one")
    check_self_test(tagger)
    return tagger


def activate(versions: Versions, version: str, claim: AbstractContextManager[object] | None = None) -> None:
    """Make a version live, after loading it and running its self-test; for `claim` see `Versions.make_live`.

    Raises VersionError, ArtifactError, StorageError, and what `claim` raises.
    """
    load_checked(versions.folder(version), version)
    versions.make_live(version, claim)


def rollback(versions: Versions) -> str:
    """Make the version before the live one live again, and return it. Raises VersionError when there is none."""
    before = versions.before()
    if before is None:
        raise VersionError("there is no version before the live one: `chude models list` shows what there is")
    activate(versions, before)
    return before
