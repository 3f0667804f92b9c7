"""A run in MLflow: what was trained, with what, how good it is, and what it looks like."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windlass_training.bundle import CARD, MANIFEST
from windlass_training.errors import TrainingError
from windlass_training.files import file_digest
from windlass_training.registry.connection import Registry, is_missing, told

MANIFEST_TAG = "windlass.manifest-sha256"
"""On runs and versions: which bundle, by the digest of its model.json, which lists the digests of all else."""
DATA_TAG = "windlass.data-sha256"
PARAMETERS_A_REQUEST = 100
PICTURES = "pictures"


@dataclass(frozen=True)
class RunRecord:
    """What a run says. `tags` beside those that every run has."""

    experiment: str
    name: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    texts: Mapping[str, str]
    """Path among the run's artifacts -> text."""
    pictures: Mapping[str, bytes]


def bundle_record(
    folder: Path, manifest: Mapping[str, Any], parameters: Mapping[str, Any], pictures: Mapping[str, bytes]
) -> RunRecord:
    """The run of a bundle: everything but parameters and pictures is in the bundle itself."""
    training = manifest.get("training", {})
    tags = {
        MANIFEST_TAG: file_digest(folder / MANIFEST),
        DATA_TAG: f"{training.get('dataSha256', '')}",
        "windlass.version": f"{manifest['version']}",
        "windlass.task": f"{manifest['task']}",
        "windlass.code-version": f"{training.get('codeVersion', '')}",
        "mlflow.note.content": f"{manifest.get('description', '')}",
    }
    card = folder / CARD
    return RunRecord(
        experiment=os.environ.get("MLFLOW_EXPERIMENT_NAME") or f"{manifest['name']}",
        name=f"{manifest['name']} {manifest['version']}",
        parameters={**parameters, **{f"library.{k}": v for k, v in training.get("libraries", {}).items()}},
        metrics=manifest.get("metrics", {}),
        tags={key: value for key, value in tags.items() if value},
        texts={CARD: card.read_text(encoding="utf-8")} if card.is_file() else {},
        pictures=pictures,
    )


def log_run(registry: Registry, record: RunRecord) -> str:
    """Writes the run and gives its id. A run that could not be written whole is left as FAILED."""
    client = registry.client
    with told(registry, f"create a run in the experiment {record.experiment}"):
        run_id = str(client.create_run(experiment_id(registry, record.experiment), run_name=record.name).info.run_id)
    try:
        with told(registry, f"write the run {run_id}"):
            write(registry, run_id, record)
    except TrainingError:
        terminate(registry, run_id, "FAILED")
        raise
    terminate(registry, run_id, "FINISHED")
    return run_id


def write(registry: Registry, run_id: str, record: RunRecord) -> None:
    import time

    from mlflow.entities import Metric, Param, RunTag

    client = registry.client
    now = int(time.time() * 1000)
    metrics = [Metric(key, float(value), now, 0) for key, value in record.metrics.items()]
    client.log_batch(run_id, metrics=metrics, tags=[RunTag(key, value) for key, value in record.tags.items()])
    params = [Param(key, f"{value}") for key, value in record.parameters.items()]
    for start in range(0, len(params), PARAMETERS_A_REQUEST):
        client.log_batch(run_id, params=params[start : start + PARAMETERS_A_REQUEST])
    for path, text in record.texts.items():
        client.log_text(run_id, text, path)
    upload(registry, run_id, PICTURES, record.pictures.items())


def upload(registry: Registry, run_id: str, folder: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Files from memory, under `folder` among the run's artifacts."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="windlass-run-") as scratch:
        for name, content in files:
            file = Path(scratch) / name
            file.write_bytes(content)
            registry.client.log_artifact(run_id, str(file), folder)


def terminate(registry: Registry, run_id: str, status: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        registry.client.set_terminated(run_id, status)
    except MlflowException as error:
        if status == "FINISHED":
            raise TrainingError(f"MLflow at {registry.host}: the run {run_id} is written but not ended") from error


def experiment_id(registry: Registry, name: str) -> str:
    """Of the experiment of this name, which is made when it is not there; two may make it at once."""
    from mlflow.exceptions import MlflowException

    client = registry.client
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name))
        except MlflowException as error:
            found = client.get_experiment_by_name(name)
            if found is None:
                raise error
    if found.lifecycle_stage != "active":
        raise TrainingError(
            f"MLflow at {registry.host}: the experiment {name} was deleted. Restore it (mlflow experiments restore), "
            "or name another one with MLFLOW_EXPERIMENT_NAME."
        )
    return str(found.experiment_id)


def find_run(registry: Registry, experiment: str, manifest_sha256: str) -> str | None:
    """The newest run of this very bundle."""
    from mlflow.exceptions import MlflowException

    client = registry.client
    try:
        found = client.get_experiment_by_name(experiment)
        if found is None:
            return None
        where = f"tags.`{MANIFEST_TAG}` = '{manifest_sha256}' and attributes.status = 'FINISHED'"
        runs: Sequence[Any] = client.search_runs([found.experiment_id], where, max_results=1)
    except MlflowException as error:
        if is_missing(error):
            return None
        raise
    return str(runs[0].info.run_id) if runs else None
