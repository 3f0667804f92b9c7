"""A bundle on disk: model.json beside the files that it lists."""

import hashlib
import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as library_version
from pathlib import Path, PurePosixPath
from typing import Any

from windlass_training import __version__
from windlass_training.card import model_card
from windlass_training.config import SystemConfig
from windlass_training.errors import TrainingError
from windlass_training.files import digest, file_digest, json_bytes
from windlass_training.reports import refuse_foreign_files
from windlass_training.system import Json, StoredBundle, System, TrainedModel

MANIFEST = "model.json"
GRAPH = "model.onnx"
REFERENCE = "reference.json"
GOLDEN = "golden.json"
METRICS = "metrics.json"
CARD = "model-card.md"
GOLDEN_FOLDER = "golden"
"""Where the pictures lie that golden.json names."""
PATHS = frozenset({GRAPH, REFERENCE, GOLDEN, GOLDEN_FOLDER, METRICS, CARD, MANIFEST})
LIBRARIES = ("numpy", "onnx", "onnxruntime", "pandas", "scikit-learn", "skl2onnx")


@dataclass(frozen=True)
class DataSource:
    """Where the table came from. It names no path, which would make the bundles of two machines differ."""

    generated: bool
    sha256: str

    def __str__(self) -> str:
        return "generated data (made up, for trying things out)" if self.generated else "a data file"


def bundle_files(
    system: System[Any], model: TrainedModel, version: str, config: SystemConfig, source: DataSource
) -> dict[str, bytes]:
    """Path -> bytes, model.json last. The same model, data, config and libraries give the same bytes."""
    published: Mapping[str, float] = {} if source.generated else system.published
    training = {
        "dataSha256": source.sha256,
        "rows": model.rows,
        "codeVersion": f"{__version__}+{code_digest()}",
        "libraries": libraries(model.libraries),
        "seed": config.seed,
    }
    files = {
        **model.files,
        GRAPH: model.graph,
        REFERENCE: json_bytes(model.reference),
        GOLDEN: json_bytes(model.golden),
        METRICS: json_bytes(metrics_report(system, model, version, config, published)),
        CARD: model_card(system.model_name, model, version, training, f"{source}", published).encode(),
    }
    manifest = {
        "formatVersion": 1,
        "name": system.model_name,
        "version": version,
        "task": model.task,
        "description": f"{system.summary} Trained on {source}.",
        "graph": GRAPH,
        "files": {path: {"sha256": digest(content), "size": len(content)} for path, content in files.items()},
        **model.contract,
        "metrics": dict(model.metrics),
        "reference": REFERENCE,
        "golden": GOLDEN,
        "training": training,
    }
    return files | {MANIFEST: json_bytes(manifest)}


def metrics_report(
    system: System[Any], model: TrainedModel, version: str, config: SystemConfig, published: Mapping[str, float]
) -> Json:
    return {
        "name": system.model_name,
        "version": version,
        "metrics": dict(model.metrics),
        "published": dict(published),
        "checks": [check.report() for check in model.checks],
        "config": config.model_dump(exclude_none=True),
        **({"details": model.details} if model.details else {}),
    }


def write_bundle(folder: Path, files: Mapping[str, bytes]) -> None:
    """Replaces a bundle that is there; a folder with anything else in it is left alone. model.json comes last."""
    refuse_foreign(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder / GOLDEN_FOLDER, ignore_errors=True)
    for path, content in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)


def refuse_foreign(folder: Path) -> None:
    refuse_foreign_files(folder, PATHS)


def open_bundle(folder: Path) -> StoredBundle:
    """A whole bundle in memory, its files checked against their digests."""
    files = dict(read_bundle(folder))
    manifest = json.loads(files[MANIFEST].read_bytes())

    def read(path: str | None) -> Json | None:
        found: Json | None = None if path is None or path not in files else json.loads(files[path].read_bytes())
        return found

    graph = str(manifest.get("graph", GRAPH))
    if graph not in files:
        raise TrainingError(f"{folder / MANIFEST} names the graph {graph}, which it does not list")
    metrics = read(str(PurePosixPath(graph).with_name(METRICS))) or {}
    return StoredBundle(
        folder=folder,
        manifest=manifest,
        graph=files[graph].read_bytes(),
        reference=read(manifest.get("reference")),
        golden=read(manifest.get("golden")),
        config=metrics.get("config"),
        details=metrics.get("details", {}),
    )


def read_bundle(folder: Path) -> list[tuple[str, Path]]:
    """(path, file) of every file of a bundle, each checked against its size and digest; model.json comes last."""
    manifest_file = folder / MANIFEST
    if not manifest_file.is_file():
        raise TrainingError(f"{folder} is no bundle: it has no {MANIFEST}. Write one with: windlass-train train")
    try:
        listed = json.loads(manifest_file.read_bytes())["files"]
        expected = {str(path): (str(entry["sha256"]), int(entry["size"])) for path, entry in listed.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(f'{manifest_file} is not a manifest with "files": {error!r}') from error
    for path, (sha256, size) in expected.items():
        check_file(folder, path, sha256, size)
    return [(path, folder / path) for path in (*expected, MANIFEST)]


def check_file(folder: Path, path: str, sha256: str, size: int) -> None:
    file = folder / path
    if not file.resolve().is_relative_to(folder.resolve()):
        raise TrainingError(f"{folder / MANIFEST} lists {path}, which lies outside the bundle")
    if not file.is_file():
        raise TrainingError(f"{folder / MANIFEST} lists {path}, which is not there")
    if file.stat().st_size != size or file_digest(file) != sha256:
        raise TrainingError(
            f"{file} is not what {MANIFEST} lists: it has {file.stat().st_size} bytes with sha256 "
            f"{file_digest(file)}, listed are {size} with {sha256}. Train the bundle again."
        )


def libraries(further: Sequence[str]) -> dict[str, str]:
    names = (*LIBRARIES, *further)
    return {"python": platform.python_version()} | {name: library_version(name) for name in names}


def code_digest() -> str:
    """The first digits of the sha256 over this package's sources: which code trained, with or without Git."""
    package = Path(__file__).parent
    sources: Sequence[Path] = sorted(package.rglob("*.py"))
    total = hashlib.sha256()
    for source in sources:
        total.update(f"{source.relative_to(package).as_posix()}\0{file_digest(source)}\n".encode())
    return total.hexdigest()[:12]
