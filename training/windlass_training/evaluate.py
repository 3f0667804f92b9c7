"""The command evaluate: what a bundle's graph answers on data, with pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windlass_training.bundle import CARD, METRICS, open_bundle
from windlass_training.config import SystemConfig, load_config, parse_config
from windlass_training.errors import TrainingError
from windlass_training.files import json_bytes
from windlass_training.reports import refuse_foreign_files, write_folder
from windlass_training.system import Evaluation, Json, StoredBundle, System
from windlass_training.systems import config_file, load_system

PICTURES = ".png"
OTHER_FILE = (
    "all rows of another file than it was trained on. Those that it was trained on may be among them, and would "
    "flatter it: leave them out of the file to learn how it does on new ones"
)
"""A bundle has no rows, so nothing tells which of a file that has grown it has seen."""


@dataclass(frozen=True)
class Evaluated:
    """What evaluate wrote, for what is told of it: a run in MLflow."""

    system: System[Any]
    bundle: StoredBundle
    evaluation: Evaluation
    what: str
    """Which rows were measured, in words."""
    data_sha256: str
    folder: Path


def evaluate(name: str, bundle_folder: Path, data: Path, out: Path, override: Path | None) -> Evaluated:
    """Measures on the test split when the data is what the bundle was trained on, and on all of it otherwise, where it
    may have seen some."""
    system = load_system(name)
    bundle = open_bundle(bundle_folder)
    if bundle.manifest.get("name") != system.model_name:
        raise TrainingError(
            f"{bundle_folder} is a bundle of {bundle.manifest.get('name')}, and {name} is {system.model_name}. "
            "Name the system that it was trained as."
        )
    config = bundle_config(system, bundle, override)
    sha256 = system.digest(data)
    whole = sha256 != bundle.manifest.get("training", {}).get("dataSha256")
    pictures = {file.name for file in out.glob(f"*{PICTURES}")} if out.is_dir() else set()
    refuse_foreign_files(out, {METRICS, CARD, *pictures})
    evaluation = system.evaluate(bundle, system.read(data), config, whole)
    what = OTHER_FILE if whole else "its test split"
    print(f"{system.model_name} {bundle.manifest['version']}, {evaluation.rows} rows: {what}")
    for metric, value in evaluation.metrics.items():
        stated = bundle.manifest.get("metrics", {}).get(metric)
        print(f"  {metric:<15} {value:.4f}" + (f"  (model.json: {stated:.4f})" if stated is not None else ""))
    for check in evaluation.checks:
        print(f"  {check}")
    files = {
        METRICS: json_bytes(report(bundle, evaluation, what)),
        CARD: card(bundle, evaluation, what).encode(),
        **evaluation.pictures,
    }
    write_folder(out, files)
    print(f"wrote {out}: {', '.join(files)}")
    return Evaluated(system, bundle, evaluation, what, sha256, out)


def judge(evaluated: Evaluated, gate: bool) -> None:
    """Raises TrainingError when a check failed; without `gate`, one of those that are no gates."""
    failed = [check for check in evaluated.evaluation.checks if not check.passes and (gate or not check.gate)]
    if failed:
        raise TrainingError(
            f"{evaluated.bundle.folder} fails: {'; '.join(map(str, failed))}. "
            f"The report in {evaluated.folder} has the rest."
        )


def bundle_config(system: System[Any], bundle: StoredBundle, override: Path | None) -> SystemConfig:
    """What the bundle was trained with: its split is the one to measure on."""
    if override is not None or bundle.config is None:
        seed = bundle.manifest.get("training", {}).get("seed")
        return load_config(system.config_type, config_file(system.name), override, seed)
    return parse_config(system.config_type, bundle.config, f"the config in {bundle.folder / METRICS}")


def report(bundle: StoredBundle, evaluation: Evaluation, what: str) -> Json:
    return {
        "name": bundle.manifest["name"],
        "version": bundle.manifest["version"],
        "measuredOn": what,
        "rows": evaluation.rows,
        "metrics": dict(evaluation.metrics),
        "stated": bundle.manifest.get("metrics", {}),
        "checks": [check.report() for check in evaluation.checks],
    }


def card(bundle: StoredBundle, evaluation: Evaluation, what: str) -> str:
    """The bundle's own card, and below it what was measured now."""
    stated = bundle.manifest.get("metrics", {})
    rows = [
        f"| {name} | {value:.4f} | {f'{stated[name]:.4f}' if name in stated else ''} |"
        for name, value in evaluation.metrics.items()
    ]
    file = bundle.folder / CARD
    known = file.read_text(encoding="utf-8").rstrip() if file.is_file() else f"# {bundle.manifest['name']}"
    return "\n".join(
        [
            known,
            "",
            "## Evaluated",
            "",
            f"{evaluation.rows} rows: {what}.",
            "",
            "| metric | value | model.json |",
            "| --- | --- | --- |",
            *rows,
            "",
            *[f"- {check}" for check in evaluation.checks],
            "",
            *([evaluation.card.strip(), ""] if evaluation.card else []),
            *[f"![{Path(name).stem}]({name})" for name in evaluation.pictures],
            "",
        ]
    )
