"""Which model a new one has to be at least as good as: what the operator says serves, or what a person names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from windlass_training.errors import TrainingError

STABLE_REVISION = "WINDLASS_STABLE_REVISION"
STABLE_URI = "WINDLASS_STABLE_URI"
STABLE_MANIFEST_SHA256 = "WINDLASS_STABLE_MANIFEST_SHA256"
STABLE_VERSION_IDS = "WINDLASS_STABLE_VERSION_IDS"
MODEL_URI = "WINDLASS_MODEL_URI"


@dataclass(frozen=True)
class Pin:
    """The bytes that a stable revision is made of."""

    revision: str
    manifest_sha256: str
    """Of model.json, which has the digests of the other files. '' for a graph alone."""
    version_ids: Mapping[str, str] = field(default_factory=dict)
    """Path -> S3 version, where the bucket keeps versions."""


@dataclass(frozen=True)
class Serving:
    """The model to compare with."""

    uri: str
    """'' where the operator does not know it: somebody deleted the stable revision's ModelRevision."""
    must_compare: bool
    """A model serves, or a person asked: without a comparison nothing is published."""
    asked: bool = False
    """By --better-than: then a graph alone, which nothing can be compared with, will not do either."""
    pin: Pin | None = None
    """Absent: whatever is at the URI now."""


def serving_model(better_than: str | None, environment: Mapping[str, str]) -> Serving | None:
    """None: the first model. A URI alone, from a person or an operator that says no more, is followed to what is there
    now; an operator that names the stable revision's own bytes is held to them."""
    revision = environment.get(STABLE_REVISION, "")
    if better_than:
        return Serving(better_than, must_compare=True, asked=True)
    if revision and STABLE_URI in environment:
        return pinned(revision, environment)
    uri = environment.get(MODEL_URI)
    return Serving(uri, must_compare=revision != "") if uri else None


def pinned(revision: str, environment: Mapping[str, str]) -> Serving:
    manifest_sha256 = environment.get(STABLE_MANIFEST_SHA256, "")
    pin = Pin(revision, manifest_sha256, version_ids(environment.get(STABLE_VERSION_IDS, "")))
    return Serving(environment[STABLE_URI], must_compare=True, pin=pin)


def version_ids(text: str) -> Mapping[str, str]:
    if not text:
        return {}
    try:
        return {str(path): str(version) for path, version in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise TrainingError(f"{STABLE_VERSION_IDS} is no JSON object of paths and S3 versions: {error}") from error
