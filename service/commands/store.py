"""The label store that the environment names, and who works with it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping

from model.versions import home_folder
from training.labels.store import LabelStore, open_store


def the_store(environ: Mapping[str, str]) -> LabelStore:
    """Open the store at `CHUDE_LABELS_URL`, by default the SQLite file in the home folder. Raises StoreError."""
    return open_store(home_folder(environ), environ.get("CHUDE_LABELS_URL"))


def user_name(environ: Mapping[str, str]) -> str:
    """Return the name of the user: `LOGNAME` or `USER`, else that of the account, else its number."""
    if chosen := environ.get("LOGNAME") or environ.get("USER"):
        return chosen
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # an account without a name, as containers are started with
        return str(os.getuid())
