"""The command drift-report: which features of new data are distributed otherwise than those of a reference."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from windlass_training.bundle import MANIFEST, open_bundle
from windlass_training.drift.bins import count, problem
from windlass_training.drift.page import html_page
from windlass_training.drift.psi import compare
from windlass_training.errors import TrainingError
from windlass_training.files import json_bytes
from windlass_training.reports import refuse_foreign_files, text_table, write_folder
from windlass_training.system import Json, StoredBundle, System
from windlass_training.systems import load_system

REPORT, PAGE = "drift.json", "drift.html"
NAMED = 5
DIGITS = 6
REFERENCES = f"a bundle's folder (it has a {MANIFEST}), a reference.json, or data as train takes it"


@dataclass(frozen=True)
class Reference:
    features: Mapping[str, Json]
    rows: int
    what: str
    prediction: Json | None = None
    bundle: StoredBundle | None = None
    integers: frozenset[str] = frozenset()
    """Features whose bins are named by whole numbers."""


def drift_report(
    name: str, reference: Path, data: Path, out: Path, threshold: float, min_samples: int, fail: bool
) -> Json:
    system = load_system(name)
    refuse_foreign_files(out, {REPORT, PAGE})
    known = read_reference(system, reference)
    report = measure(system, known, system.read(data), threshold, min_samples)
    print(report["message"])
    rows = [
        (f["name"], psi_text(f["psi"]), f"{f['limit']:.3f}", str(f["samples"]), f["state"]) for f in report["features"]
    ]
    print(text_table(("feature", "psi", "limit", "rows", "state"), rows))
    for left_out in report["notCompared"]:
        print(f"not compared: {left_out['name']}: {left_out['reason']}")
    write_folder(out, {REPORT: json_bytes(report), PAGE: html_page(report).encode()})
    print(f"wrote {out / REPORT} and {out / PAGE}")
    if fail and report["state"] == "drifted":
        raise TrainingError(f"{report['message']} (--fail-on-drift)")
    return report


def psi_text(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def read_reference(system: System[Any], path: Path) -> Reference:
    """A bundle's folder, a reference.json, or data of the system."""
    if (path / MANIFEST).is_file():
        bundle = open_bundle(path)
        if bundle.reference is None:
            raise TrainingError(
                f"{path} has no drift reference: its {MANIFEST} names none. Train it again, or give --reference the "
                "data that it was trained on."
            )
        inputs = bundle.manifest.get("inputs", [])
        integers = frozenset(entry["name"] for entry in inputs if entry.get("integer"))
        what = f"{bundle.manifest.get('name')} {bundle.manifest.get('version')}'s reference.json"
        return parsed(bundle.reference, what, f"{path}'s reference", bundle, integers)
    if path.suffix == ".json":
        if not path.is_file():
            raise TrainingError(f"--reference {path}: no such file")
        try:
            content = json.loads(path.read_bytes())
        except ValueError as error:
            raise TrainingError(f"--reference {path} is not JSON: {error}") from error
        return parsed(content, "a reference.json", f"--reference {path}", None, frozenset())
    if not path.exists():
        raise TrainingError(f"--reference {path}: no such file. Name {REFERENCES}.")
    return data_reference(system, path)


def data_reference(system: System[Any], path: Path) -> Reference:
    try:
        data = system.read(path)
        features = system.reference(data)
    except TrainingError as error:
        why = str(error).replace(f"--data {path}", "it", 1)
        raise TrainingError(f"--reference {path} must be {REFERENCES}. Read as data: {why}") from error
    integers = frozenset(name for name, values in system.observe(data).items() if whole(values))
    return Reference(features, system.size(data), "other data", integers=integers)


def whole(values: np.ndarray) -> bool:
    if values.dtype == object:
        return False
    present = values[~np.isnan(values)]
    return bool(len(present)) and bool((present % 1 == 0).all())


def parsed(content: Any, what: str, where: str, bundle: StoredBundle | None, integers: frozenset[str]) -> Reference:
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, dict) or not isinstance(content.get("rows"), int):
        raise TrainingError(f'{where} is no drift reference: it must have "features" and "rows", as reference.json has')
    images = {f"image.{name}": bins for name, bins in content.get("image", {}).items()}
    return Reference({**features, **images}, content["rows"], what, content.get("prediction"), bundle, integers)


def measure(system: System[Any], known: Reference, data: Any, threshold: float, min_samples: int) -> Json:
    observed = dict(system.observe(data))
    rows = system.size(data)
    if rows == 0:
        raise TrainingError("the data has a header and no rows: there is nothing to compare")
    bins: dict[str, tuple[str, Json]] = {name: ("input", entry) for name, entry in known.features.items()}
    if known.prediction is not None and known.bundle is not None:
        bins["prediction"] = ("prediction", known.prediction)
        observed["prediction"] = system.predict(known.bundle, data)
    left_out = {name: reason for name, (_, entry) in bins.items() if (reason := unusable(entry, observed.get(name)))}
    left_out |= {name: "the reference has no bins for it" for name in observed if name not in bins}
    compared = [name for name in bins if name not in left_out]
    if not compared:
        raise TrainingError(f"nothing can be compared: {'; '.join(f'{name}: {why}' for name, why in left_out.items())}")
    features = [
        feature(name, *bins[name], observed[name], name in known.integers, threshold, min_samples, len(compared))
        for name in compared
    ]
    features.sort(key=lambda entry: -(entry["psi"] or 0))
    states = {entry["state"] for entry in features}
    return {
        "system": system.name,
        "state": "drifted" if "drifted" in states else "steady" if "steady" in states else "tooFewRows",
        "message": statement(features, rows, min_samples),
        "reference": known.what,
        "referenceRows": known.rows,
        "rows": rows,
        "minSamples": min_samples,
        "threshold": threshold,
        "features": features,
        "notCompared": [{"name": name, "reason": reason} for name, reason in left_out.items()],
    }


def unusable(bins: Json, values: np.ndarray | None) -> str | None:
    if values is None:
        return "the data has no such feature"
    try:
        numeric = bins["kind"] == "numeric"
        if numeric == (values.dtype == object):
            return "its values and its reference's bins are of different kinds"
        return problem(bins)
    except (KeyError, TypeError) as error:
        return f"its reference is no bins: {error!r}"


def feature(
    name: str,
    role: str,
    bins: Json,
    values: np.ndarray,
    integer: bool,
    threshold: float,
    min_samples: int,
    features: int,
) -> Json:
    counted = count(bins, values, integer)
    found = compare(counted.reference, counted.now, counted.categories, threshold, min_samples, features)
    return {
        "name": name,
        "role": role,
        "kind": counted.kind,
        "state": found.state,
        "psi": rounded(found.psi),
        "limit": round(found.limit, DIGITS),
        "chance": rounded(found.chance),
        "samples": found.samples,
        "missing": {"reference": share(counted.reference), "now": share(counted.now)},
        "mergedCategories": found.merged,
        "bins": [
            {"bin": text, "reference": int(before), "now": int(now)}
            for text, before, now in zip(counted.texts, counted.reference, counted.now, strict=True)
        ],
    }


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def share(counts: Any) -> float:
    return round(float(counts[-1] / max(1, sum(counts))), DIGITS)


def statement(features: list[Json], rows: int, min_samples: int) -> str:
    """ "3 of 10 features have drifted (Age, Balance, Tenure), and so has the prediction." """
    if all(entry["state"] == "tooFewRows" for entry in features):
        return f"Too few rows: {rows}, and {min_samples} are needed."
    inputs = [entry for entry in features if entry["role"] == "input"]
    moved = [entry["name"] for entry in inputs if entry["state"] == "drifted"]
    prediction = next((entry["state"] == "drifted" for entry in features if entry["role"] == "prediction"), None)
    if moved:
        shown = ", ".join(moved[:NAMED]) + (f" and {len(moved) - NAMED} more" if len(moved) > NAMED else "")
        verb = "has" if len(moved) == 1 else "have"
        tail = {None: "", True: ", and so has the prediction", False: "; the prediction has not"}[prediction]
        return f"{len(moved)} of {len(inputs)} features {verb} drifted ({shown}){tail}."
    tail = {None: "", True: ", but the prediction has", False: ", nor has the prediction"}[prediction]
    return f"None of {len(inputs)} features has drifted{tail}."
