"""The commands train and generate."""

import io
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from windlass_training.bundle import GRAPH, DataSource, bundle_files, digest, file_digest, refuse_foreign, write_bundle
from windlass_training.errors import TrainingError
from windlass_training.system import System, TrainedModel
from windlass_training.systems import load_system


@dataclass(frozen=True)
class DataRequest:
    """A CSV file, or without one that many generated rows."""

    file: Path | None
    rows: int
    seed: int


def train(name: str, data: DataRequest, out: Path, version: str, seed: int, gate: bool) -> None:
    """Trains, prints what was measured, and writes the bundle when every check passes (with `gate`, its gates too)."""
    started = time.monotonic()
    system = load_system(name)
    refuse_foreign(out)
    table, source = read_data(system, data)
    print(f"training {system.model_name} {version} on {source}: {len(table)} rows, seed {seed}", flush=True)
    model = system.train(table, seed)
    print_metrics(system, model, compare=not source.generated)
    for check in model.checks:
        print(f"  {check}")
    refuse_failed(model, gate)
    files = bundle_files(system, model, version, seed, source)
    write_bundle(out, files)
    size = len(files[GRAPH]) / 1e6
    print(f"wrote {out}: {len(files)} files, {GRAPH} {size:.1f} MB, in {time.monotonic() - started:.1f} s")


def read_data(system: System, data: DataRequest) -> tuple[pd.DataFrame, DataSource]:
    if data.file is None:
        print(f"no --data was given: training on generated data ({data.rows} rows of seed {data.seed})")
        content = to_csv(system.generate(data.rows, data.seed))
        return pd.read_csv(io.BytesIO(content)), DataSource(generated=True, sha256=digest(content))
    if not data.file.is_file():
        raise TrainingError(f"--data {data.file}: no such file. Leave --data out to train on generated data.")
    try:
        return pd.read_csv(data.file), DataSource(generated=False, sha256=file_digest(data.file))
    except ValueError as error:
        raise TrainingError(f"--data {data.file} is not a CSV file in UTF-8: {error}") from error


def to_csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def print_metrics(system: System, model: TrainedModel, compare: bool) -> None:
    for name, value in model.metrics.items():
        published = system.published.get(name) if compare else None
        known = "" if published is None else f"  (published for the real data: {published:g}, {value - published:+.4f})"
        print(f"  {name:<15} {value:.4f}{known}")


def refuse_failed(model: TrainedModel, gate: bool) -> None:
    failed = [check for check in model.checks if not check.passes and (gate or not check.gate)]
    if failed:
        advice = " --no-gate writes it all the same." if all(check.gate for check in failed) else ""
        raise TrainingError(f"no bundle was written: {'; '.join(map(str, failed))}.{advice}")


def generate(name: str, out: Path, rows: int, seed: int) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(to_csv(load_system(name).generate(rows, seed)))
    print(f"wrote {out}: {rows} rows of generated data, seed {seed}")
