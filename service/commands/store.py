"""The label store that the environment names."""

from __future__ import annotations

from collections.abc import Mapping

from model.versions import home_folder
from training.labels.store import LabelStore, open_store


def the_store(environ: Mapping[str, str]) -> LabelStore:
    """Open the store at `CHUDE_LABELS_URL`, by default the SQLite file in the home folder. Raises StoreError."""
    return open_store(home_folder(environ), environ.get("CHUDE_LABELS_URL"))
