"""The bundle that a new one has to be at least as good as."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from windlass_training.bundle import MANIFEST, open_bundle
from windlass_training.errors import TrainingError
from windlass_training.files import file_digest
from windlass_training.push import error_code
from windlass_training.retrain.s3 import connected, download
from windlass_training.retrain.stable import Pin, Serving
from windlass_training.system import StoredBundle

MLFLOW_MODEL = "MLmodel"
INSTEAD = (
    "Compare with another bundle, by --better-than URI; or publish without comparing, by --even-if-worse. "
    "Nothing was trained."
)
MISSING = {"404", "NoSuchKey", "NoSuchBucket"}
# S3 answers a HEAD for a version that it never had with 400, and one for a mark of deletion with 405.
MISSING_VERSION = MISSING | {"NoSuchVersion", "400", "InvalidArgument", "405", "MethodNotAllowed"}


class NoBundleError(TrainingError):
    """There is nothing to compare with at this URI."""


class GraphAloneError(NoBundleError):
    """A model without a bundle's description: it serves, and can be compared with nothing."""


class LostBundleError(NoBundleError):
    """The bytes that a stable revision pins are not there any more."""


def serving_bundle(serving: Serving, folder: Path, tracking_uri: str | None) -> StoredBundle:
    """The very bundle that serves, or what is at the URI now; every file checked against its digest."""
    uri, pin = serving.uri, serving.pin
    if not uri and pin is not None:
        raise LostBundleError(
            f"nobody knows any more of what bytes {pin.revision} is made, which serves: its ModelRevision was deleted. "
            f"{INSTEAD}"
        )
    if pin is not None and not pin.manifest_sha256:
        raise GraphAloneError(f"{pin.revision} serves {uri}, a graph alone, without {MANIFEST}")
    if uri.startswith("s3://"):
        from_s3(uri, pin, folder)
    elif uri.startswith("models:/"):
        from_mlflow(uri, pin, folder, tracking_uri)
    elif (Path(uri) / MANIFEST).is_file():
        folder = Path(uri)
    else:
        raise NoBundleError(f"{uri} has no {MANIFEST}")
    return opened(uri, pin, folder)


def opened(uri: str, pin: Pin | None, folder: Path) -> StoredBundle:
    if pin is None:
        return open_bundle(folder)
    found = file_digest(folder / MANIFEST)
    if found != pin.manifest_sha256:
        raise lost(uri, pin, f"its {MANIFEST} has the sha256 {found}, and {pin.manifest_sha256} serves")
    try:
        return open_bundle(folder)
    except TrainingError as error:
        raise lost(uri, pin, f"a file of it has other bytes: {error}") from error


def lost(uri: str, pin: Pin, why: str) -> LostBundleError:
    return LostBundleError(
        f"what {pin.revision} serves is not at {uri} any more, so nothing can be compared with it: {why}. It was "
        "replaced or removed, and the bucket keeps no versions or has let them go: the revision's new pods cannot pull "
        f"it either. Put its bytes back, and turn on the bucket's versioning. {INSTEAD}"
    )


def from_s3(uri: str, pin: Pin | None, folder: Path) -> None:
    parts = urlsplit(uri)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    if prefix.endswith(".onnx"):
        raise GraphAloneError(f"{uri} is a graph alone, without {MANIFEST}")
    with connected(uri) as client:
        if not fetched(client, bucket, f"{prefix}/{MANIFEST}", folder / MANIFEST, version_of(pin, MANIFEST)):
            raise missing(uri, pin, MANIFEST)
        if pin is not None and file_digest(folder / MANIFEST) != pin.manifest_sha256:
            return
        for path in listed_paths(folder / MANIFEST, uri):
            if not fetched(client, bucket, f"{prefix}/{path}", inside(folder, path), version_of(pin, path)):
                raise missing(uri, pin, path)


def version_of(pin: Pin | None, path: str) -> str | None:
    return None if pin is None else pin.version_ids.get(path)


def fetched(client: Any, bucket: str, key: str, file: Path, version: str | None) -> bool:
    """This version, or else the newest: the same bytes may have been put back."""
    for wanted, gone in [*([(version, MISSING_VERSION)] if version is not None else []), (None, MISSING)]:
        try:
            download(client, bucket, key, file, wanted)
        except ClientError as error:
            if error_code(error) not in gone:
                raise
        else:
            return True
    return False


def missing(uri: str, pin: Pin | None, path: str) -> TrainingError:
    if pin is not None:
        return lost(uri, pin, f"it has no {path}")
    if path == MANIFEST:
        return NoBundleError(f"{uri} has no {MANIFEST}")
    return TrainingError(f"{uri} has no {path}, which its {MANIFEST} lists. Push the bundle again.")


def listed_paths(manifest: Path, uri: str) -> list[str]:
    try:
        return [str(path) for path in json.loads(manifest.read_bytes())["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{uri}: its {MANIFEST} is not a manifest: {error!r}") from error


def inside(folder: Path, path: str) -> Path:
    file = folder / path
    if not file.resolve().is_relative_to(folder.resolve()):
        raise TrainingError(f"{MANIFEST} lists {path}, which lies outside the bundle")
    return file


def from_mlflow(uri: str, pin: Pin | None, folder: Path, tracking_uri: str | None) -> None:
    from mlflow.exceptions import MlflowException

    from windlass_training.registry.connection import connect, is_missing, told

    registry = connect(tracking_uri)
    with told(registry, f"download {uri}"):
        try:
            fetch(uri, folder)
        except MlflowException as error:
            if is_missing(error):
                raise unregistered(uri, pin) from error
            raise
    if (folder / MANIFEST).is_file():
        return
    if pin is not None:
        raise lost(uri, pin, f"it has no {MANIFEST}")
    if (folder / MLFLOW_MODEL).is_file():
        raise GraphAloneError(f"{uri} is an MLflow model, without {MANIFEST}")
    raise NoBundleError(f"{uri} has no {MANIFEST}")


def unregistered(uri: str, pin: Pin | None) -> NoBundleError:
    return NoBundleError(f"{uri} is not registered") if pin is None else lost(uri, pin, "the version was deleted")


def fetch(uri: str, folder: Path) -> Any:
    import mlflow

    folder.mkdir(parents=True, exist_ok=True)
    return mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder))
