"""The command promote: an alias moves to a version that can be served."""

import json
from collections.abc import Mapping
from typing import Any

from windlass_training.bundle import MANIFEST
from windlass_training.errors import TrainingError
from windlass_training.registry.connection import Registry, is_missing, told
from windlass_training.registry.flavour import FLAVOUR, MLMODEL
from windlass_training.registry.register import latest


def promote(registry: Registry, model: str, wanted: str, alias: str) -> None:
    """`wanted` is a version's number, or @alias. Moving back is the same command with the earlier version."""
    version = resolve(registry, model, wanted)
    number = str(version.version)
    refuse_unservable(registry, model, version)
    before = alias_target(registry, model, alias)
    if before == number:
        print(f"{model}@{alias} is version {number} already")
        return
    with told(registry, f"move the alias {alias} of {model}"):
        registry.client.set_registered_model_alias(model, alias, number)
    print(f"{model}@{alias}: version {before or '(none)'} -> {number}")
    if before is not None:
        print(f"  to move it back: windlass-train promote {model} {before} --alias {alias}")


def resolve(registry: Registry, model: str, wanted: str) -> Any:
    from mlflow.exceptions import MlflowException

    client = registry.client
    by_alias = wanted.startswith("@")
    if not by_alias and not wanted.isdigit():
        raise TrainingError(f"{wanted!r} is no version of {model}: give its number, or @ and an alias")
    with told(registry, f"look up version {wanted} of {model}"):
        try:
            if by_alias:
                return client.get_model_version_by_alias(model, wanted[1:])
            return client.get_model_version(model, wanted)
        except MlflowException as error:
            if not is_missing(error):
                raise
            there = latest(registry, model)
    known = f"it has {', '.join(there[:10])}" if there else "no version of it is registered"
    raise TrainingError(f"MLflow at {registry.host} has no version {wanted} of {model}: {known}")


def alias_target(registry: Registry, model: str, alias: str) -> str | None:
    from mlflow.exceptions import MlflowException

    with told(registry, f"look up the alias {alias} of {model}"):
        try:
            return str(registry.client.get_model_version_by_alias(model, alias).version)
        except MlflowException as error:
            if is_missing(error):
                return None
            raise


def refuse_unservable(registry: Registry, model: str, version: Any) -> None:
    """An alias that points at what cannot be served would stop nothing, and never be rolled out either."""
    name = f"version {version.version} of {model}"
    if version.status != "READY":
        detail = f" ({version.status_message})" if version.status_message else ""
        raise TrainingError(f"{name} is {version.status}{detail}, not READY: its alias was not moved")
    client = registry.client
    with told(registry, f"read {name}"):
        root = str(client.get_model_version_download_uri(model, version.version))
        files = listing(root, "")
        if MANIFEST in files:
            problem = bundle_problem(root, files)
        elif MLMODEL in files:
            problem = flavour_problem(root, files)
        else:
            problem = f"its artifacts have neither {MANIFEST} (a bundle) nor {MLMODEL} (an MLflow model)"
    if problem is not None:
        raise TrainingError(
            f"{name} cannot be served: {problem}. No alias was moved. Register a bundle with: "
            f"windlass-train register DIR --name {model}"
        )


def listing(root: str, folder: str) -> dict[str, int | None]:
    """Path -> size of every file below a folder of artifacts."""
    import mlflow

    found: dict[str, int | None] = {}
    for entry in mlflow.artifacts.list_artifacts(artifact_uri=f"{root}/{folder}" if folder else root):
        name = entry.path.rstrip("/").rpartition("/")[2]
        path = f"{folder}/{name}" if folder else name
        if entry.is_dir:
            found |= listing(root, path)
        else:
            found[path] = entry.file_size
    return found


def bundle_problem(root: str, files: Mapping[str, int | None]) -> str | None:
    try:
        manifest = json.loads(read_text(root, MANIFEST))
        listed = {str(path): int(entry["size"]) for path, entry in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f'its {MANIFEST} is not a manifest with "files" ({error!r})'
    for path, size in listed.items():
        if path not in files:
            return f"its {MANIFEST} lists {path}, which is not there"
        if files[path] not in (None, size):
            return f"{path} has {files[path]} bytes, and its {MANIFEST} lists {size}"
    return None


def flavour_problem(root: str, files: Mapping[str, int | None]) -> str | None:
    import yaml  # type: ignore[import-untyped]

    try:
        flavours = dict(yaml.safe_load(read_text(root, MLMODEL))["flavors"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        return f"its {MLMODEL} cannot be read ({type(error).__name__})"
    if FLAVOUR not in flavours:
        return f"it has no ONNX flavour, only {', '.join(sorted(flavours))}: convert it and log it with mlflow.onnx"
    data = str(flavours[FLAVOUR].get("data", "model.onnx"))
    if not any(path == data or path.startswith(f"{data}/") for path in files):
        return f"its {MLMODEL} names {data}, which is not there"
    return None


def read_text(root: str, path: str) -> str:
    import mlflow

    return str(mlflow.artifacts.load_text(f"{root}/{path}"))
