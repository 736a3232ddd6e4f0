"""`chude retrain`: a new version from the labels in the store, live if it is not worse."""

from __future__ import annotations

import click

from model.errors import ChudeError
from model.extras import how_to_install
from model.storage import storage_error
from model.versions import Versions, home_folder
from service.commands.progress_bar import show_progress
from service.commands.store import the_store
from service.commands.unlabelled import read_texts
from service.environment import cache_folder, environment, user_name
from training.progress import silent


@click.command("retrain")
@click.option(
    "--force",
    is_flag=True,
    help="Make the new version live even if it is worse, and make one even where nothing is new; the manifest says so.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of the folds.")
@click.option(
    "--unlabelled",
    multiple=True,
    metavar="FILE",
    help="Texts as your stream brings them, in any format that `batch` reads; new tags get their thresholds from them. "
    "May be given more than once. By default the texts of the queue that were picked at random.",
)
@click.option("--job", hidden=True, help="Job of the service that this process does.")
def command(force: bool, seed: int, unlabelled: tuple[str, ...], job: str | None) -> int:
    """Learn from the label store, compare with the live version, and go live if that is not worse.

    A tenth of the labels, and the artifact's own reference set, are not learnt from but compared on. Of a tag that the
    model does not know, all labels are learnt from, and the key words of its topic, which are enough by themselves. A
    tag that no label was judged on stays as it is. Where the labels and topics are those that the live version was
    learnt from, no version is made.
    """
    from training.labels.jobs import Jobs

    texts = read_texts(unlabelled)
    store = the_store(environment())
    jobs = Jobs(store)
    # A job of the service prints nothing: the service reads its progress from the store.
    shown = silent if job else show_progress
    job = job or jobs.begin(user_name(environment()))
    try:
        with jobs.alive(job, shown) as progress:
            from service.commands.retrain_report import report_lines
            from training.fit.fitting import FitOptions
            from training.promotion import promote, retrain

            versions = Versions(home_folder(environment()))
            outcome = retrain(
                store,
                versions,
                FitOptions(seed=seed, cache=cache_folder(environment())),
                force=force,
                unlabelled=texts,
                progress=progress,
            )
            record = outcome.record(store)
            lines = report_lines(record)
            progress.position = f"version {outcome.version}"
            promote(versions, outcome, jobs.ending(job, "\n".join(lines), record))
    except BaseException as error:
        jobs.end(job, "failed", _reason(error), {"error": error.code} if isinstance(error, ChudeError) else None)
        raise
    for line in lines:
        click.echo(line)
    return 0


def _reason(error: BaseException) -> str:
    """Return what the job's log says of the error that ended it."""
    if isinstance(error, ChudeError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return how_to_install(error) or str(error)
    return str(storage_error(error)) if isinstance(error, OSError) else f"stopped: {type(error).__name__}"
