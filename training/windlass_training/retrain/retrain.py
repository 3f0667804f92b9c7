"""The command retrain: from new data to a published model, or to a reason why not."""

import datetime
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass_training.bundle import MANIFEST, open_bundle
from windlass_training.config import SystemConfig
from windlass_training.errors import TrainingError
from windlass_training.push import parse_destination, push
from windlass_training.retrain.compare import WorseModelError, compare
from windlass_training.retrain.data import fetch_data
from windlass_training.retrain.serving import GraphAloneError, LostBundleError, NoBundleError, serving_bundle
from windlass_training.retrain.stable import Serving
from windlass_training.system import DataReport, StoredBundle, System
from windlass_training.systems import load_system
from windlass_training.train import DataRequest, Trained, system_config, train

if TYPE_CHECKING:
    from windlass_training.registry.connection import Registry

FINDINGS_SHOWN = 20


@dataclass(frozen=True)
class Publication:
    """Where a new bundle goes: a prefix that is followed, or a registered model and the alias that is followed."""

    prefix: str | None
    model: str | None
    alias: str | None


@dataclass(frozen=True)
class RetrainRequest:
    system: str
    data: str
    config: Path | None
    seed: int | None
    version: str | None
    """Of the new model; by default the time, so that later ones sort after earlier ones."""
    publication: Publication
    serving: Serving | None
    """The model to be compared with; None: the first model."""
    even_if_worse: bool
    margin: float | None
    """By so much the new model may be worse; None: the config's."""
    mlflow: str | None


def retrain(request: RetrainRequest) -> None:
    if request.publication.prefix is not None:
        parse_destination(request.publication.prefix)
    registry = tracking(request)
    system = load_system(request.system)
    config = system_config(system, request.config, request.seed)
    with tempfile.TemporaryDirectory(prefix="windlass-retrain-") as scratch:
        folder = Path(scratch)
        path = fetch_data(request.data, folder)
        refuse_bad_data(system, system.read(path), config, request.data)
        # Asked before the training too: where it cannot be read, nothing is published.
        serving = opponent(request, folder / "serving")
        data = DataRequest(path, rows=0, seed=0)
        version = request.version or f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}"
        trained = train(request.system, data, folder / "bundle", version, request.config, request.seed, gate=True)
        refuse_worse(request, trained, path, serving)
        publish(request.publication, registry, trained, data)


def tracking(request: RetrainRequest) -> "Registry | None":
    """Asked before the training, so that a wrong address costs no time."""
    import os

    if request.publication.model is None and not (request.mlflow or os.environ.get("MLFLOW_TRACKING_URI")):
        return None
    from windlass_training.registry.connection import connect

    return connect(request.mlflow)


def refuse_bad_data(system: System[Any], content: Any, config: SystemConfig, place: str) -> None:
    report: DataReport = system.validate(content, config)
    for finding in report.findings[:FINDINGS_SHOWN]:
        where = f"{finding.column}: " if finding.column else ""
        print(f"  {finding.severity}: {where}{finding.message}")
    errors = [finding for finding in report.findings if finding.severity == "error"]
    if errors:
        first = errors[0]
        raise TrainingError(
            f"--data {place} is not fit to train on: {len(errors)} errors, the first: {first.column}: {first.message}. "
            f"Nothing was trained. windlass-train validate-data {system.name} says all of them."
        )


def opponent(request: RetrainRequest, folder: Path) -> StoredBundle | None:
    """The bundle to compare with; None where there is none, and none is needed."""
    serving = request.serving
    if serving is None:
        print("compared with nothing: no model serves yet (neither WINDLASS_STABLE_URI nor WINDLASS_MODEL_URI is set)")
        return None
    try:
        return serving_bundle(serving, folder, request.mlflow)
    except NoBundleError as error:
        bare = isinstance(error, GraphAloneError) and not serving.asked
        forced = isinstance(error, LostBundleError) and request.even_if_worse
        if serving.must_compare and not bare and not forced:
            raise
        print(f"compared with nothing: {error}")
        return None


def refuse_worse(request: RetrainRequest, trained: Trained, data: Path, serving: StoredBundle | None) -> None:
    if serving is None:
        return
    system = trained.system
    new, content = open_bundle(trained.folder), system.read(data)
    comparison = compare(system, new, serving, content, trained.config, request.margin)
    print(f"compared: {comparison}", flush=True)
    if comparison.worse and not request.even_if_worse:
        raise WorseModelError(
            f"the new model is worse than the one that serves, and was not published: {comparison}. "
            "--margin, or margin under [retrain] in the config, lets a difference pass that is chance; --even-if-worse "
            "publishes the model whatever it is."
        )


def publish(to: Publication, registry: "Registry | None", trained: Trained, data: DataRequest) -> None:
    if registry is not None:
        from windlass_training.registry.trained import log_trained

        log_trained(registry, trained, data)
    if to.prefix is not None:
        # The prefix is the one that is followed, and has a bundle in it.
        push(trained.folder, to.prefix, None, force=True)
    if to.model is not None and registry is not None:
        from windlass_training.registry.promote import promote
        from windlass_training.registry.register import register

        model, number = register(registry, trained.folder, to.model)
        if to.alias is not None:
            promote(registry, model, number, to.alias)
    print(f"published {trained.system.model_name} {trained.version} ({MANIFEST} last)")
