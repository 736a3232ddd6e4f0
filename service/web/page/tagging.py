"""`/`: a text, a page or a table in, its tags out, with scripts or without. Nothing that comes in is stored."""

from __future__ import annotations

from itertools import chain
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.datastructures import FileStorage

from model import Tagging
from model.document import Document
from model.errors import ChudeError
from service.web.authorization import check_key
from service.web.documents import check_length
from service.web.page.catalogue import catalogue
from service.web.page.layout import bars, describe, http_status, language, looks, names, render
from service.web.page.marked_text import mark_fields
from service.web.page.table import DOWNLOADS, Row, download, tag_entries
from service.web.page.uploads import Article, Upload, kind_of, read_article, read_entries
from service.web.request_state import Counts, current_state
from service.web.services import Services, services

blueprint = Blueprint("page", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
blueprint.add_app_template_filter(names, "names")


@blueprint.get("/")
def form() -> Response:
    """Show the form."""
    return render("tag.html", view="tag")


@blueprint.post("/")
def answer() -> Response:
    """Tag what the form sends. `?part=answer` asks for the answer alone, which a script puts into the page.

    A form whose button is called `download` gets the table as a file.
    """
    template = "answer.html" if request.args.get("part") == "answer" else "tag.html"
    text = request.form.get("text", "")
    try:
        chude = services()
        if chude.settings.require_key:
            check_key()
        uploads = [_upload(file) for file in request.files.getlist("file") if file.filename]
        if uploads and (len(uploads) > 1 or not kind_of(uploads[0]).is_one_document):
            return _tables(chude, uploads, template)
        if uploads:
            article = read_article(uploads[0], chude.settings)
        else:
            article = Article(check_length(Document.of(text), chude.settings))
        return render(template, view="tag", text=text, **_explained(chude, article))
    except ChudeError as error:
        status = http_status(error)
        current_state().error_code = error.code
        return render(template, status=status, view="tag", text=text, problem=describe(error, catalogue(language())))


def _upload(file: FileStorage) -> Upload:
    return Upload(file.filename or "", file.read())


def _explained(chude: Services, article: Article) -> dict[str, Any]:
    """Return what the template shows of one article. Raises TextError."""
    tagger, say = chude.live.tagger, catalogue(language())
    tagging = tagger.explain(article.document, page="html" if article.is_html else "auto")
    tagging["warnings"] = [*article.warnings, *tagging.get("warnings", ())]
    _count(chude, [tagging], sum(map(len, article.document)))
    tags = looks(tagger.artifact.tags)
    return {
        "tagging": tagging,
        "tags": tags,
        "bars": bars(tagging["scores"], tagging["tags"], tags),
        "fields": mark_fields(article.document, tagging),
        "warnings": [say.translated(warning) for warning in tagging["warnings"]],
    }


def _tables(chude: Services, uploads: list[Upload], template: str) -> Response:
    """Return the records of the files with their tags, as a page or as a file."""
    tagger = chude.live.tagger
    rows = tag_entries(tagger, read_entries(uploads, chude.settings))
    documents = (row.entry.document or () for row in rows)
    _count(chude, [row.tagging for row in rows if row.tagging], sum(map(len, chain.from_iterable(documents))))
    format = request.form.get("download", "")
    if format in DOWNLOADS:
        disposition = {"Content-Disposition": f'attachment; filename="tags.{format}"', "Cache-Control": "no-store"}
        return Response(download(rows, tagger.tags, format), 200, disposition, content_type=DOWNLOADS[format])
    say = catalogue(language())
    tags = looks(tagger.artifact.tags)
    shown = [(row, bars(_given(row), list(_given(row)), tags), _remarks(row)) for row in rows]
    remarks = [[say.translated(remark) for remark in remarks] for _, _, remarks in shown]
    table = [(row, given, own) for (row, given, _), own in zip(shown, remarks, strict=True)]
    return render(template, view="tag", table=table, tags=tags, model=tagger.version)


def _given(row: Row) -> dict[str, float]:
    """Return the probabilities of the tags that a row got."""
    return {tag: row.tagging["scores"][tag] for tag in row.tagging["tags"]} if row.tagging else {}


def _remarks(row: Row) -> list[str]:
    """Return what should be known of a row: why it has no tags, or why they may be unreliable."""
    return [row.problem] if row.problem else list(row.tagging.get("warnings", ())) if row.tagging else []


def _count(chude: Services, taggings: list[Tagging], n_characters: int) -> None:
    """Count tagged documents as `/predict` does."""
    chude.metrics.count_documents(taggings, n_characters)
    current_state().counts = Counts(documents=len(taggings), version=taggings[0]["model"] if taggings else "")
