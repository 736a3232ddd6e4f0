"""`chude retrain`: a new version from the labels in the store, live if it is not worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from model.errors import ChudeError
from model.extras import how_to_install
from model.storage import storage_error
from model.versions import Versions, home_folder
from service.commands.progress_bar import show_progress
from service.commands.store import the_store
from service.environment import cache_folder, environment, user_name
from training.progress import silent

if TYPE_CHECKING:
    from training.labels.store import LabelStore


@click.command("retrain")
@click.option("--force", is_flag=True, help="Make the new version live even if it is worse; the manifest says so.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of the folds.")
@click.option("--job", hidden=True, help="Job of the service that this process does.")
def command(force: bool, seed: int, job: str | None) -> int:
    """Learn from the label store, compare with the live version, and go live if that is not worse.

    A tenth of the labels, and the artifact's own reference set, are not learnt from but compared on.
    """
    from training.labels.jobs import Jobs

    store = the_store(environment())
    jobs = Jobs(store)
    # A job of the service shows nothing: its progress is asked for.
    shown = silent if job else show_progress
    job = job or jobs.begin(user_name(environment()))
    try:
        with jobs.alive(job, shown) as progress:
            from training.fit.fitting import FitOptions
            from training.promotion import promote, retrain

            versions = Versions(home_folder(environment()))
            outcome = retrain(
                store,
                versions,
                FitOptions(seed=seed, cache=cache_folder(environment())),
                force=force,
                progress=progress,
            )
            lines = _lines(outcome, store)
            progress.position = f"version {outcome.version}"
            result = {"version": outcome.version, "live": outcome.is_live, **outcome.decision}
            promote(versions, outcome, jobs.ending(job, "\n".join(lines), result))
    except BaseException as error:
        jobs.end(job, "failed", _reason(error))
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


def _lines(outcome: Any, store: LabelStore) -> list[str]:
    decision = outcome.decision
    lines = [f"version {outcome.version}, strength of the prior {outcome.adaptation.strength:g}"]
    for name in ("held_out", "reference"):
        if name in decision:
            found = decision[name]
            low, high = found["interval"]
            lines.append(
                f"  {name.replace('_', ' ')}, {found['texts']} texts: F1 {found['live_f1']:.3f} -> "
                f"{found['candidate_f1']:.3f} (95 % of the difference: {low:+.3f} to {high:+.3f})"
            )
    if outcome.adaptation.new_tags:
        lines.append(f"  new tags: {', '.join(outcome.adaptation.new_tags)}")
    for tag in outcome.adaptation.left_out:
        lines.append(f"  {tag}: {describe_support(store, tag)}: not learnt yet")
    if outcome.is_live:
        lines.append("it is live" + (" (forced)" if not decision["accepted"] else ""))
    else:
        lines.append(f"it is worse on {' and '.join(decision['worse_on'])}, and not live; --force would make it so")
    return lines


def describe_support(store: LabelStore, tag: str) -> str:
    """Return how many texts have a tag, and how many are needed; those that are held out do not count."""
    from training.fit.decisions import MIN_POSITIVES

    has_tag = [tag in example.tags for example in store.examples(held_out=False)]
    n_held_out = sum(tag in example.tags for example in store.examples(held_out=True))
    n_with = sum(has_tag)
    return (
        f"{n_with} texts to learn from have it, and {len(has_tag) - n_with} lack it, "
        f"{MIN_POSITIVES} of each are needed ({n_held_out} more that have it are held out)"
    )
