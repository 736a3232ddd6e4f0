"""The live model and its tags as a command sees them, and the names that its files may have for these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click

from model import TopicTagger
from model.artifact import read_manifest
from model.errors import ArtifactError, SettingError
from model.versions import artifact_folder, home_folder
from service.commands.columns import notify
from service.environment import environment
from training.corpus.examples import Example, tag_names
from training.corpus.label_fields import EVERY_TAG
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


def check_judged(judged: Iterable[str] | None, known: Vocabulary, examples: Iterable[Example] = ()) -> None:
    """Raise UsageError where --judged names a tag that is not known, and that none of the examples has."""
    tags = known.tags.union(tag_names(examples), {EVERY_TAG})
    for tag in sorted(frozenset(judged or ()) - tags):
        raise click.UsageError(f"--judged: {unknown_tag(tag, known)}: `chude topics add {tag}` makes it a topic")


def unknown_tag(tag: str, known: Vocabulary) -> str:
    """Return what a message says of an unknown tag: the known one that may be meant, or all that there are."""
    meant = known.suggest(tag)
    question = f"did you mean {meant}?" if meant else f"the tags are {', '.join(sorted(known.tags))}"
    return f"unknown tag {tag!r}: {question}"


def live_tagger(without: str) -> TopicTagger | None:
    """Return the live model; None where it cannot be loaded, with a note on what is done `without` it."""
    try:
        return TopicTagger.load(environ=environment())
    except ArtifactError as error:
        notify(f"{without}: {error}")
        return None
