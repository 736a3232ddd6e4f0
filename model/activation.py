"""Which version is live: a version goes live only after it loads and passes its self-test."""

from __future__ import annotations

from model.artifact.files import load
from model.errors import VersionError
from model.selftest import check_self_test
from model.tagger import TopicTagger
from model.versions import Versions


def activate(versions: Versions, version: str) -> None:
    """Make a version live, after loading it and running its self-test. Raises VersionError or ArtifactError."""
    check_self_test(TopicTagger(load(versions.folder(version))))
    versions.make_live(version)


def rollback(versions: Versions) -> str:
    """Make the version before the live one live again, and return it. Raises VersionError when there is none."""
    before = versions.before()
    if before is None:
        raise VersionError("there is no version before the live one: `chude models list` shows what there is")
    activate(versions, before)
    return before
