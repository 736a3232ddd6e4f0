"""What a fitted model is, and its files.

An artifact is a folder: `manifest.json` (tags with their thresholds, figures, a self-test, the digests of the other
files), `weights.npz` (terms and their weights), and what only retraining reads, both as counts of terms:
`reference.npz` (some training examples) and `background.npz` (some ordinary texts). `artifact.py` is the data;
`files.py` reads and writes it, with `manifest.py` and `arrays.py`, which trust nothing in a folder; `validation.py`
says what is wrong with one. Nothing here tags: `model.versions` finds the folder of a version, `model.tagger` tags with
what is loaded, `model.selftest` proves that it does so as it should, and `model.activation` makes a version live.

>>> artifact = load(PRETRAINED)
>>> [tag.names["vi"] for tag in artifact.tags]
['Kiểm soát vũ khí', 'Bầu cử', 'Syria', 'Ukraine']
>>> versioned(artifact).version == artifact.version  # the same contents have the same name
True
"""

from model.artifact.artifact import Artifact, AttachedFile, SelfTest, Tag
from model.artifact.files import PRETRAINED, load, load_bytes, read_files, save, shipped_version, versioned
from model.artifact.manifest import BACKGROUND, MANIFEST, REFERENCE, WEIGHTS, Manifest, read_manifest
from model.artifact.validation import SLUG

__all__ = [
    "BACKGROUND",
    "MANIFEST",
    "PRETRAINED",
    "REFERENCE",
    "SLUG",
    "WEIGHTS",
    "Artifact",
    "AttachedFile",
    "Manifest",
    "SelfTest",
    "Tag",
    "load",
    "load_bytes",
    "read_files",
    "read_manifest",
    "save",
    "shipped_version",
    "versioned",
]
