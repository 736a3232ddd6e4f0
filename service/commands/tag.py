"""`chude tag`: the tags of texts in files, or from standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path

import click
import msgspec

from model import Tagging, TextError, TopicTagger, UnreadableText
from model.encoding import decode
from model.explain import TermEvidence
from model.tagger import Page
from service.commands.page_kind import check_one_kind
from service.environment import environment

_PAGE: Mapping[str | None, Page] = {None: "auto", "html": "html", "page": "always", "text": "never"}
_SURELY_ONE_TEXT = (".txt", ".html", ".htm")
"""Files of these names are read without importing `training.corpus`, which takes a tenth of the time to start."""
_COMPRESSED = (".gz", ".zst")
_OTHER_TAGS = 5
_SHOWN_TERMS = 8


@click.command("tag")
@click.argument("files", nargs=-1, metavar="[FILE|-]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--explain", is_flag=True, help="Show the sentences and terms that carried each tag.")
@click.option("--html", "kind", flag_value="html", help="Read every FILE as HTML, also without a sign of it.")
@click.option("--page", "kind", flag_value="page", help="Read every FILE as a page, and cut the article out of it.")
@click.option("--text", "kind", flag_value="text", help="Read every FILE as it stands: no HTML, nothing cut out.")
@click.option("--model", help="Folder of an artifact, or a version; by default the live one.")
def command(files: tuple[str, ...], as_json: bool, explain: bool, kind: str | None, model: str | None) -> int:
    """Print the topic tags of each FILE, one article per file; - or no FILE reads standard input.

    HTML is recognised by its markup. Of a crawled page only the article is read.
    """
    check_one_kind()
    if not files and sys.stdin.isatty():
        raise click.UsageError("give a FILE, or pipe a text in: echo '...' | chude tag")
    tagger = TopicTagger.load(model, environ=environment())
    failed = False
    for name, outcome in _tag_files(tagger, files or ("-",), explain, kind):
        failed |= isinstance(outcome, TextError)
        for line in _as_json(name, outcome) if as_json else _as_text(tagger, name, outcome):
            click.echo(line)
        if isinstance(outcome, TextError):
            click.echo(f"chude: {outcome}", err=True)
        else:
            for warning in outcome.get("warnings", ()):
                click.echo(f"chude: {name}: {warning}", err=True)
    return 1 if failed else 0


def _tag_files(
    tagger: TopicTagger, names: Iterable[str], explain: bool, kind: str | None
) -> Iterator[tuple[str, Tagging | TextError]]:
    for name in names:
        try:
            decoded = decode(_read(name, is_forced=kind is not None), source=name)
        except UnreadableText as error:
            yield name, error
            continue
        try:
            result = (tagger.explain if explain else tagger.tag)(decoded.text, page=_PAGE[kind])
        except TextError as error:
            yield name, error.located(name)
        else:
            if decoded.warnings:
                result["warnings"] = [*decoded.warnings, *result.get("warnings", ())]
            yield name, result


def _read(name: str, *, is_forced: bool) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    if not is_forced and Path(name).exists() and not Path(name).is_dir():
        _refuse_records(name)
    try:
        data = Path(name).read_bytes()
    except IsADirectoryError:
        raise UnreadableText(f"{name}: a folder: name the files in it, such as {name.rstrip('/')}/*.txt") from None
    except OSError as error:
        raise UnreadableText(f"{name}: cannot be read: {error.strerror}") from None
    return _decompressed(name, data) if name.lower().endswith(_COMPRESSED) else data


def _refuse_records(name: str) -> None:
    """Raise UnreadableText for a file whose name says that it has many records."""
    if name.lower().endswith(_SURELY_ONE_TEXT) or not Path(name).suffix:
        return
    from training.corpus.registry import holds_records

    if holds_records(name):
        raise UnreadableText(
            f"{name}: its name says that it has many records, not one article: `chude batch {name} -o tags.jsonl` tags "
            "each of them; --text reads the file as one text all the same"
        )


def _decompressed(name: str, data: bytes) -> bytes:
    from training.corpus.compression import FAULTS, decompressed

    try:
        return decompressed(BytesIO(data), Path(name).suffix.lower()).read()
    except FAULTS as error:
        raise UnreadableText(f"{name}: cannot be decompressed: {error}") from None


def _as_json(name: str, outcome: Tagging | TextError) -> Iterator[str]:
    if isinstance(outcome, TextError):
        record: dict[str, object] = {"id": name, "error": {"code": outcome.code, "message": str(outcome)}}
    else:
        record = {"id": name, **outcome}
    yield msgspec.json.encode(record).decode()


def _as_text(tagger: TopicTagger, name: str, outcome: Tagging | TextError) -> Iterator[str]:
    if isinstance(outcome, TextError):
        return
    given = outcome["tags"]
    yield f"{name}: {', '.join(given) or 'no tag'}"
    width = max(map(len, tagger.tags))
    ranked = sorted(tagger.tags, key=lambda tag: -outcome["scores"][tag])
    others = [tag for tag in ranked if tag not in given][:_OTHER_TAGS]
    for tag in [*(tag for tag in ranked if tag in given), *others]:
        yield f"  {'*' if tag in given else ' '} {tag:<{width}}  {outcome['scores'][tag]:.3f}"
        yield from _evidence_lines(outcome, tag)
    for part in outcome.get("left_out", ()):
        yield f"  left out [{part['start']}-{part['end']}]: {part['reason']}"


def _evidence_lines(result: Tagging, tag: str) -> Iterator[str]:
    for evidence in result.get("evidence", ()):
        if evidence["tag"] == tag:
            sentence = " ".join(evidence["sentence"].split())
            yield f"      {evidence['score']:+.2f} [{evidence['start']}-{evidence['end']}] {sentence}"
            yield f"            {_heaviest(evidence['terms'])}"
    for context in result.get("context", ()):
        if context["tag"] == tag and context["terms"]:
            yield f"      {context['score']:+.2f} from the whole article: {_heaviest(context['terms'])}"


def _heaviest(terms: Iterable[TermEvidence]) -> str:
    shown = sorted(terms, key=lambda term: -abs(term["weight"]))[:_SHOWN_TERMS]
    return ", ".join(f"{term['term']} {term['weight']:+.2f}" for term in shown)
