"""A bundle goes to S3: model.json last, so that what can be resolved is whole, before and after."""

import datetime
import functools
import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from windlass_training.bundle import MANIFEST, read_bundle
from windlass_training.errors import TrainingError
from windlass_training.relocate import FOLDER, FOLDER_DIGITS, as_it_is, relocated

PART_BYTES = 16 * 1024 * 1024
TRANSFER = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=4)
KEPT = datetime.timedelta(hours=1)
"""So old has to be what a push removes."""
FOLDERS = re.compile(f"{FOLDER}[0-9a-f]{{{FOLDER_DIGITS}}}/")
CONTENT_TYPES = {".json": "application/json", ".md": "text/markdown; charset=utf-8"}


def push(folder: Path, destination: str, endpoint_url: str | None, force: bool) -> None:
    """With `force` the prefix may be one that is followed, with another bundle in it."""
    bucket, prefix = parse_destination(destination)
    flat = as_it_is(folder, read_bundle(folder))
    moved = relocated(flat)
    try:
        client = connect(endpoint_url)
        present = read_manifest(client, bucket, prefix)
        there = next((way for way in (flat, moved) if present is not None and present.content == way.manifest), None)
        if present is not None and there is None and not force:
            raise TrainingError(
                f"s3://{bucket}/{prefix}{MANIFEST} is there with other bytes. Push to a new prefix, so that what is "
                "served stays what was checked; --force replaces it."
            )
        bundle = there or (moved if force else flat)
        for path, content in bundle.files.items():
            upload(client, bucket, prefix, path, content)
        publish(client, bucket, prefix, bundle.manifest, present)
        if force:
            sweep(client, bucket, prefix, keep=bundle.paths | (present.paths if present else set()), flat=flat.paths)
    except (BotoCoreError, ClientError, S3UploadFailedError) as error:
        raise TrainingError(f"push to {destination} failed: {explain(error)}") from error
    print(f"pushed {len(bundle.files) + 1} files to s3://{bucket}/{prefix}")


def parse_destination(destination: str) -> tuple[str, str]:
    parts = urlsplit(destination)
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not parts.netloc or not prefix or parts.query or parts.fragment:
        raise TrainingError(f"{destination!r} is no s3://BUCKET/PREFIX/, such as s3://models/bankchurn/3/")
    return parts.netloc, f"{prefix}/"


def connect(endpoint_url: str | None) -> Any:
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        s3={"addressing_style": "path" if endpoint_url else "auto"},
        # Other S3 servers refuse the trailing checksums that the client would add; digests are in model.json.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session()
    region = session.region_name or "us-east-1"
    return session.client("s3", endpoint_url=endpoint_url, region_name=region, config=config)


@dataclass(frozen=True)
class Present:
    """The model.json that is there."""

    content: bytes
    etag: str

    @property
    def paths(self) -> set[str]:
        try:
            return {str(path) for path in json.loads(self.content)["files"]}
        except (ValueError, KeyError, TypeError):
            return set()


def read_manifest(client: Any, bucket: str, prefix: str) -> Present | None:
    try:
        answer = client.get_object(Bucket=bucket, Key=f"{prefix}{MANIFEST}")
        return Present(bytes(answer["Body"].read()), str(answer["ETag"]))
    except ClientError as error:
        if error_code(error) in {"NoSuchKey", "404"}:
            return None
        raise


def upload(client: Any, bucket: str, prefix: str, path: str, content: Path | bytes) -> None:
    kind = CONTENT_TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
    if isinstance(content, bytes):
        client.put_object(Bucket=bucket, Key=f"{prefix}{path}", Body=content, ContentType=kind)
        return
    progress = Progress(path, content.stat().st_size)
    client.upload_file(
        str(content),
        bucket,
        f"{prefix}{path}",
        ExtraArgs={"ContentType": kind},
        Config=TRANSFER,
        Callback=progress,
    )


def publish(client: Any, bucket: str, prefix: str, manifest: bytes, present: Present | None) -> None:
    """The switch: one write, which S3 refuses where somebody else has published under this prefix since `present`."""
    key = f"{prefix}{MANIFEST}"
    write = functools.partial(client.put_object, Bucket=bucket, Key=key, Body=manifest, ContentType="application/json")
    try:
        try:
            write(**({"IfNoneMatch": "*"} if present is None else {"IfMatch": present.etag}))
        except ClientError as error:
            if error_code(error) != "NotImplemented":
                raise
            write()
    except ClientError as error:
        if error_code(error) not in {"PreconditionFailed", "ConditionalRequestConflict", "412", "NoSuchKey"}:
            raise
        raise TrainingError(
            f"s3://{bucket}/{key} was pushed or removed by somebody else at the same time, and was left alone. Look "
            "at what is there, and push to a new prefix, or again with --force."
        ) from error


def sweep(client: Any, bucket: str, prefix: str, keep: set[str], flat: set[str]) -> None:
    """
    Removes what earlier bundles left under this prefix: files in folders that `relocated` names, and files of the names
    that this bundle's would have. What is in `keep` or young stays: somebody may be reading it, or writing it.
    """
    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        written = {
            str(entry["Key"]).removeprefix(prefix): entry["LastModified"]
            for page in pages
            for entry in page.get("Contents", [])
        }
        limit = written[MANIFEST] - KEPT
        left = [path for path, at in written.items() if (path in flat or FOLDERS.match(path)) and at < limit]
        for path in left:
            if path not in keep:
                client.delete_object(Bucket=bucket, Key=f"{prefix}{path}")
    except (BotoCoreError, ClientError) as error:
        print(f"files of earlier bundles stay under s3://{bucket}/{prefix}: {explain(error)}", file=sys.stderr)


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def explain(error: BaseException) -> str:
    if isinstance(error, S3UploadFailedError) and error.__context__ is not None:
        return explain(error.__context__)
    if isinstance(error, NoCredentialsError):
        return "no keys were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE)"
    if not isinstance(error, ClientError):
        return f"{error}"
    advice = {
        "NoSuchBucket": "there is no such bucket: create it, or mend the destination",
        "AccessDenied": "access denied: the keys in AWS_* may not write there",
        "InvalidAccessKeyId": "the server does not know AWS_ACCESS_KEY_ID",
        "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY is not that of AWS_ACCESS_KEY_ID",
    }
    return advice.get(error_code(error), str(error))


class Progress:
    """A line every few seconds for a file that takes longer; boto3 calls it from several threads."""

    INTERVAL_SECONDS = 3.0

    def __init__(self, path: str, size: int) -> None:
        self._path, self._size, self._done = path, size, 0
        self._next = time.monotonic() + self.INTERVAL_SECONDS

    def __call__(self, count: int) -> None:
        self._done += count
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self.INTERVAL_SECONDS
            print(f"  {self._path}: {self._done / 1e6:.0f} of {self._size / 1e6:.0f} MB", file=sys.stderr)
