"""The commands train and generate."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windlass_training.bundle import GRAPH, DataSource, bundle_files, refuse_foreign, write_bundle
from windlass_training.config import SystemConfig, load_config
from windlass_training.errors import TrainingError
from windlass_training.system import System, TrainedModel
from windlass_training.systems import config_file, load_system


@dataclass(frozen=True)
class DataRequest:
    """A CSV file (or a folder of pictures), or without one that much of generated data."""

    path: Path | None
    rows: int | None
    """None: as many as the system says."""
    seed: int


@dataclass(frozen=True)
class Trained:
    """What train wrote, for what is told of it: a run in MLflow."""

    system: System[Any]
    config: SystemConfig
    model: TrainedModel
    source: DataSource
    version: str
    folder: Path
    seconds: float


def train(
    name: str, data: DataRequest, out: Path, version: str, config_override: Path | None, seed: int | None, gate: bool
) -> Trained:
    """Trains, prints what was measured, and writes the bundle when every check passes (with `gate`, its gates too)."""
    started = time.monotonic()
    system = load_system(name)
    config = system_config(system, config_override, seed)
    refuse_foreign(out)
    content, source = read_data(system, data)
    rows = system.size(content)
    print(f"training {system.model_name} {version} on {source}: {rows} rows, seed {config.seed}", flush=True)
    model = system.train(content, config)
    print_metrics(system, model, compare=not source.generated)
    for check in model.checks:
        print(f"  {check}")
    refuse_failed(model, gate)
    files = bundle_files(system, model, version, config, source)
    write_bundle(out, files)
    seconds = time.monotonic() - started
    print(f"wrote {out}: {len(files)} files, {GRAPH} {len(files[GRAPH]) / 1e6:.1f} MB, in {seconds:.1f} s")
    return Trained(system, config, model, source, version, out, seconds)


def system_config(system: System[Any], override: Path | None, seed: int | None = None) -> SystemConfig:
    return load_config(system.config_type, config_file(system.name), override, seed)


def read_data(system: System[Any], data: DataRequest) -> tuple[Any, DataSource]:
    if data.path is not None:
        return system.read(data.path), DataSource(generated=False, sha256=system.digest(data.path))
    rows = data.rows or system.generated_rows
    print(f"no --data was given: training on generated data ({rows} rows of seed {data.seed})")
    with tempfile.TemporaryDirectory(prefix="windlass-train-") as folder:
        path = Path(folder) / "generated"
        system.write(system.generate(rows, data.seed), path)
        return system.read(path), DataSource(generated=True, sha256=system.digest(path))


def print_metrics(system: System[Any], model: TrainedModel, compare: bool) -> None:
    for name, value in model.metrics.items():
        published = system.published.get(name) if compare else None
        known = "" if published is None else f"  (published for the real data: {published:g}, {value - published:+.4f})"
        print(f"  {name:<15} {value:.4f}{known}")


def refuse_failed(model: TrainedModel, gate: bool) -> None:
    failed = [check for check in model.checks if not check.passes and (gate or not check.gate)]
    if failed:
        advice = " --no-gate writes it all the same." if all(check.gate for check in failed) else ""
        raise TrainingError(f"no bundle was written: {'; '.join(map(str, failed))}.{advice}")


def generate(name: str, out: Path, rows: int | None, seed: int) -> None:
    system = load_system(name)
    rows = rows or system.generated_rows
    system.write(system.generate(rows, seed), out)
    print(f"wrote {out}: {rows} rows of generated data, seed {seed}")
