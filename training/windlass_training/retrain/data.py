"""Training data from S3: a file, the newest CSV file under a prefix, or a folder of pictures."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from windlass_training.errors import TrainingError
from windlass_training.retrain.s3 import connected, download


def fetch_data(place: str, folder: Path) -> Path:
    """`place` is s3://BUCKET/KEY or a path; what S3 has is copied below `folder`."""
    if not place.startswith("s3://"):
        return Path(place)
    parts = urlsplit(place)
    bucket, key = parts.netloc, parts.path.lstrip("/")
    if not bucket or parts.query or parts.fragment:
        raise TrainingError(f"--data {place!r} is no s3://BUCKET/PREFIX/ or s3://BUCKET/FILE.csv")
    with connected(f"--data {place}") as client:
        objects = listing(client, bucket, key)
        if not objects:
            raise TrainingError(f"--data {place}: there is nothing in S3 under this name. Mend it, or upload the data.")
        tables = [entry for entry in objects if entry["Key"].lower().endswith(".csv")]
        if not tables:
            return fetch_folder(client, bucket, key, objects, folder)
        newest = max(tables, key=lambda entry: (entry["LastModified"], entry["Key"]))
        chosen = f"the newest of {len(tables)}, " if len(tables) > 1 else ""
        name = str(newest["Key"])
        print(f"data: s3://{bucket}/{name} ({chosen}written {newest['LastModified']:%Y-%m-%d %H:%M:%S} UTC)")
        file = folder / "data.csv"
        download(client, bucket, name, file)
        return file


def listing(client: Any, bucket: str, key: str) -> list[dict[str, Any]]:
    """The object of this very key, or all below it as a folder."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    found = [entry for page in pages for entry in page.get("Contents", [])]
    exact = [entry for entry in found if entry["Key"] == key]
    if exact and not key.endswith("/"):
        return exact
    prefix = key if key.endswith("/") or not key else f"{key}/"
    return [entry for entry in found if entry["Key"].startswith(prefix) and not entry["Key"].endswith("/")]


def fetch_folder(client: Any, bucket: str, key: str, objects: list[dict[str, Any]], folder: Path) -> Path:
    prefix = key if key.endswith("/") or not key else f"{key}/"
    root = folder / "data"
    size = sum(int(entry["Size"]) for entry in objects)
    print(f"data: s3://{bucket}/{prefix}: {len(objects)} files, {size / 1e6:.1f} MB")
    for entry in objects:
        name = str(entry["Key"])
        file = root / name.removeprefix(prefix)
        if not file.resolve().is_relative_to(root.resolve()):
            raise TrainingError(f"s3://{bucket}/{name}: its name leaves the folder")
        download(client, bucket, name, file)
    return root
