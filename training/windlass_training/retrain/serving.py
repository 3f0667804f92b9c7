"""The bundle that a new one has to be at least as good as."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from windlass_training.bundle import MANIFEST, open_bundle
from windlass_training.errors import TrainingError
from windlass_training.push import error_code
from windlass_training.retrain.s3 import connected, download
from windlass_training.system import StoredBundle


class NoBundleError(TrainingError):
    """There is nothing to compare with: no model yet, or one without a bundle's description."""


def serving_bundle(uri: str, folder: Path, tracking_uri: str | None) -> StoredBundle:
    """The bundle behind a ModelDeployment's URI, or in a folder, every file checked against its digest."""
    if uri.startswith("s3://"):
        return from_s3(uri, folder)
    if uri.startswith("models:/"):
        return from_mlflow(uri, folder, tracking_uri)
    if not (Path(uri) / MANIFEST).is_file():
        raise NoBundleError(f"{uri} has no {MANIFEST}")
    return open_bundle(Path(uri))


def from_s3(uri: str, folder: Path) -> StoredBundle:
    parts = urlsplit(uri)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    if prefix.endswith(".onnx"):
        raise NoBundleError(f"{uri} is a graph alone, without {MANIFEST}")
    with connected(uri) as client:
        try:
            download(client, bucket, f"{prefix}/{MANIFEST}", folder / MANIFEST)
        except ClientError as error:
            if error_code(error) in {"404", "NoSuchKey", "NoSuchBucket"}:
                raise NoBundleError(f"{uri} has no {MANIFEST}") from error
            raise
        for path in listed_paths(folder / MANIFEST, uri):
            download(client, bucket, f"{prefix}/{path}", inside(folder, path))
    return open_bundle(folder)


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


def from_mlflow(uri: str, folder: Path, tracking_uri: str | None) -> StoredBundle:
    from mlflow.exceptions import MlflowException

    from windlass_training.registry.connection import connect, is_missing, told

    registry = connect(tracking_uri)
    with told(registry, f"download {uri}"):
        try:
            fetch(uri, folder)
        except MlflowException as error:
            if is_missing(error):
                raise NoBundleError(f"{uri} is not registered") from error
            raise
    if not (folder / MANIFEST).is_file():
        raise NoBundleError(f"{uri} has no {MANIFEST}")
    return open_bundle(folder)


def fetch(uri: str, folder: Path) -> Any:
    import mlflow

    folder.mkdir(parents=True, exist_ok=True)
    return mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder))
