"""A bundle with its files in a folder named after its content, where no other bundle has files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from windlass_training.bundle import GRAPH, MANIFEST
from windlass_training.errors import TrainingError
from windlass_training.files import digest, json_bytes
from windlass_training.system import Json

FOLDER = "bundle-"
FOLDER_DIGITS = 12


@dataclass(frozen=True)
class Placed:
    """What is to be uploaded: model.json's bytes, and every file that it lists, on disk or as bytes."""

    manifest: bytes
    files: Mapping[str, Path | bytes]

    @property
    def paths(self) -> set[str]:
        return set(self.files)


def as_it_is(folder: Path, files: Sequence[tuple[str, Path]]) -> Placed:
    """`files` as read_bundle gives them."""
    return Placed((folder / MANIFEST).read_bytes(), {path: file for path, file in files if path != MANIFEST})


def relocated(bundle: Placed) -> Placed:
    """The same model under paths that depend on its bytes. golden.json is written anew where it names pictures."""
    manifest: Json = json.loads(bundle.manifest)
    listed: Json = manifest["files"]
    folder = f"{FOLDER}{digest(bundle.manifest)[:FOLDER_DIGITS]}"
    files = {f"{folder}/{path}": content for path, content in bundle.files.items()}
    entries = {f"{folder}/{path}": entry for path, entry in listed.items()}
    named = {key: f"{folder}/{path}" for key, path in role_paths(manifest).items()}
    if "golden" in named and (name := picture_input(manifest)) is not None:
        golden = json_bytes(golden_below(folder, bundle.files[manifest["golden"]], name, frozenset(listed)))
        files[named["golden"]] = golden
        entries[named["golden"]] = {"sha256": digest(golden), "size": len(golden)}
    return Placed(json_bytes({**manifest, **named, "files": entries}), files)


def role_paths(manifest: Json) -> dict[str, str]:
    """The paths that model.json names beside its list; the graph's has a default."""
    paths = {"graph": manifest.get("graph", GRAPH)}
    paths |= {key: manifest[key] for key in ("reference", "golden") if key in manifest}
    for key, path in paths.items():
        if path not in manifest["files"] and key in manifest:
            raise TrainingError(f'{MANIFEST} names {path} as its {key}, which "files" does not list')
    return paths


def picture_input(manifest: Json) -> str | None:
    return next((str(given["name"]) for given in manifest.get("inputs", []) if "image" in given), None)


def golden_below(folder: str, file: Path | bytes, name: str, listed: frozenset[str]) -> Json:
    """golden.json, its pictures' bundle paths below `folder`."""
    golden: Json = json.loads(file if isinstance(file, bytes) else file.read_bytes())
    rows = []
    for row in golden["rows"]:
        path = row["input"].get(name)
        given = {name: f"{folder}/{path}"} if isinstance(path, str) and path in listed else {}
        rows.append({**row, "input": {**row["input"], **given}})
    return {**golden, "rows": rows}
