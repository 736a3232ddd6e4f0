"""The live model and its tags as a command sees them, and the names that its files may have for these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from model import TopicTagger
from model.artifact import read_manifest
from model.errors import ArtifactError, SettingError
from model.versions import artifact_folder, home_folder
from service.commands.columns import notify
from service.environment import environment
from training.corpus.topics import Topic
from training.corpus.vocabulary import Vocabulary
from training.topics import Topics, vocabulary_of


def kept_topics(environ: Mapping[str, str]) -> dict[str, Topic]:
    """Return the topics in the home folder; none for a user without one."""
    try:
        return Topics(home_folder(environ)).all()
    except SettingError:
        return {}


def known_vocabulary(environ: Mapping[str, str], others: Iterable[str] = ()) -> Vocabulary:
    """Return the tags of the live model, of the topics in the home folder and `others`, with their names.

    Where the live model cannot be read, its tags are missing, and a note says so.
    """
    try:
        tags = read_manifest(artifact_folder(environ)).tags
    except ArtifactError as error:
        notify(f"the tags of the live model are not known: {error}")
        tags = ()
    return vocabulary_of(tags, kept_topics(environ), others)


def live_tagger(without: str) -> TopicTagger | None:
    """Return the live model; None where it cannot be loaded, with a note on what is done `without` it."""
    try:
        return TopicTagger.load(environ=environment())
    except ArtifactError as error:
        notify(f"{without}: {error}")
        return None
