"""`chude topics`: what there is to tag, in words: names, key words, thresholds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model.encoding import decode
from model.versions import Versions, home_folder
from service.commands.columns import n_of, notify
from service.commands.store import the_store
from service.environment import environment, user_name
from training.corpus.topics import LANGUAGES, Topic

if TYPE_CHECKING:
    from training.topic_edits import Edited, TopicDesk

_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


def _the_desk() -> TopicDesk:
    from training.topic_edits import TopicDesk

    environ = environment()
    return TopicDesk(Versions(home_folder(environ)), the_store(environ), user_name(environ))


def _names(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    names = {}
    for value in given:
        language, _, name = value.partition("=")
        if language not in LANGUAGES or not name.strip():
            raise click.BadParameter(f"{value!r} must be vi=NAME or en=NAME")
        names[language] = name.strip()
    return names


def read_keywords(path: Path) -> tuple[str, ...]:
    """Return the key words in a file, one per line, each once; empty lines and those that begin with # are left out."""
    lines = (line.strip() for line in decode(path.read_bytes(), source=str(path)).text.splitlines())
    words = tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    if not words:
        notify(f"{path}: there is no key word in it: write one per line")
    return words


def _described(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options with what people say of a topic."""
    for option in (
        click.option("--synonym", "synonyms", multiple=True, help="Another name that files may have for the tag."),
        click.option(
            "--keywords",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="File with words and phrases that texts of the topic have, one per line.",
        ),
        click.option("--description", help="What the topic is about, and what it is not."),
        click.option("--name", "names", multiple=True, callback=_names, help="Its name: vi=NAME or en=NAME."),
    ):
        command = option(command)
    return command


@click.group("topics")
def command() -> None:
    """List, name, describe, merge and remove topics, and set their thresholds."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
def show(as_json: bool) -> int:
    """Print every topic: what it is called, how many labels it has, and what the live model knows of it."""
    states = _the_desk().states()
    if as_json:
        click.echo(json.dumps([state.as_record() for state in states], ensure_ascii=False, indent=1))
        return 0
    for state in states:
        names = ", ".join(dict.fromkeys(state.topic.names.values()))
        learnt = "not learnt yet" if state.threshold is None else f"threshold {state.threshold:.2f}"
        aim = f" for precision {state.topic.precision:g}" if state.topic.precision else ""
        words = f", {n_of(len(state.topic.keywords), 'key word')}" if state.topic.keywords else ""
        click.echo(f"{state.tag:<20} {names:<30} {n_of(state.n_labels, 'label')}, {learnt}{aim}{words}")
    return 0


@command.command("add")
@click.argument("tag")
@_described
def add(
    tag: str, names: dict[str, str], description: str | None, keywords: Path | None, synonyms: tuple[str, ...]
) -> int:
    """Add the topic TAG, which `chude labels import` then takes and `chude retrain` learns."""
    words = read_keywords(keywords) if keywords else ()
    _the_desk().add(tag, Topic(names=names, description=description or "", keywords=words, synonyms=synonyms))
    click.echo(
        f"{tag} is a topic, with {n_of(len(words), 'key word')}: "
        + ("`chude retrain` learns it, and better from labels" if words else "label some texts, then `chude retrain`")
    )
    return 0


@command.command("set")
@click.argument("tag")
@_described
@click.option("--threshold", type=_SHARE, help="Probability from which the tag is given.")
@click.option("--precision", type=_SHARE, help="Choose the threshold for this precision, on labelled texts.")
def set_(
    tag: str,
    names: dict[str, str],
    description: str | None,
    keywords: Path | None,
    synonyms: tuple[str, ...],
    threshold: float | None,
    precision: float | None,
) -> int:
    """Change what is given of the topic TAG; a name or threshold makes a new version live."""
    if threshold is not None and precision is not None:
        raise click.UsageError("--threshold and --precision exclude each other: give one")
    changes: dict[str, Any] = {
        "names": names or None,
        "description": description,
        "keywords": read_keywords(keywords) if keywords else None,
        "synonyms": synonyms or None,
        "threshold": threshold,
        "precision": precision,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    if not changes:
        raise click.UsageError("nothing to set: give an option, as --help lists them")
    edited = _the_desk().set(tag, **changes)
    if aimed := edited.aimed:
        click.echo(
            f"{tag}: threshold {aimed.threshold:.3f}, with precision {aimed.precision:.3f} and recall "
            f"{aimed.recall:.3f} on {n_of(aimed.n_with, 'labelled text')} with it and {aimed.n_without:,} without it"
        )
        if aimed.n_learnt_from:
            notify(f"{aimed.n_learnt_from:,} of these texts were learnt from, so that the figures flatter")
        notify("where fewer texts have the topic than among these, its precision is lower")
    _tell(f"{tag} is set", edited)
    return 0


@command.command("rename")
@click.argument("tag")
@click.argument("new")
def rename(tag: str, new: str) -> int:
    """Give the topic TAG the tag NEW, in the labels and in a new version of the model."""
    _tell(f"{tag} is {new} now", _the_desk().rename(tag, new))
    return 0


@command.command("merge")
@click.argument("tags", nargs=-1, required=True)
@click.argument("into")
@click.option("--yes", is_flag=True, help="Do it: there is no way back but a copy of the labels.")
def merge(tags: tuple[str, ...], into: str, yes: bool) -> int:
    """Make the topics TAGS one with INTO: their labels become labels of INTO, and the model gives INTO alone."""
    desk = _the_desk()
    _confirm(desk, tags, yes)
    _tell(
        f"{', '.join(tags)} merged into {into}: `chude retrain` learns it from all of the labels",
        desk.merge(tags, into),
    )
    return 0


@command.command("remove")
@click.argument("tag")
@click.option("--yes", is_flag=True, help="Do it: there is no way back but a copy of the labels.")
def remove(tag: str, yes: bool) -> int:
    """Take the topic TAG out of the labels, out of the model, and out of this list."""
    desk = _the_desk()
    _confirm(desk, (tag,), yes)
    _tell(f"{tag} is removed", desk.remove(tag))
    return 0


def _confirm(desk: TopicDesk, tags: tuple[str, ...], yes: bool) -> None:
    """Raise UsageError where labels would change that nobody has agreed to lose."""
    for state in map(desk.state, tags):
        if state.n_labels and not yes:
            raise click.UsageError(
                f"{n_of(state.n_labels, 'text')} in the label store would lose the tag {state.tag}: keep a copy with "
                "`chude labels export`, and give --yes"
            )


def _tell(what: str, edited: Edited) -> None:
    labels = f", {n_of(edited.n_labellings, 'label')} changed" if edited.n_labellings else ""
    version = f"; version {edited.version} is live" if edited.version else ""
    click.echo(f"{what}{labels}{version}")
