"""A bundle goes to S3: model.json last, so that what can be resolved is whole."""

import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from windlass_training.bundle import MANIFEST, read_bundle
from windlass_training.errors import TrainingError

PART_BYTES = 16 * 1024 * 1024
TRANSFER = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=4)
CONTENT_TYPES = {".json": "application/json", ".md": "text/markdown; charset=utf-8"}


def push(folder: Path, destination: str, endpoint_url: str | None, force: bool) -> None:
    bucket, prefix = parse_destination(destination)
    files = read_bundle(folder)
    manifest = (folder / MANIFEST).read_bytes()
    try:
        client = connect(endpoint_url)
        present = read_manifest(client, bucket, prefix)
        if present is not None and present != manifest:
            replace(client, bucket, prefix, force)
        for path, file in files[:-1]:
            upload(client, bucket, prefix, path, file)
        publish(client, bucket, prefix, manifest, exclusive=present is None)
    except (BotoCoreError, ClientError, S3UploadFailedError) as error:
        raise TrainingError(f"push to {destination} failed: {explain(error)}") from error
    print(f"pushed {len(files)} files to s3://{bucket}/{prefix}")


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


def read_manifest(client: Any, bucket: str, prefix: str) -> bytes | None:
    try:
        return bytes(client.get_object(Bucket=bucket, Key=f"{prefix}{MANIFEST}")["Body"].read())
    except ClientError as error:
        if error_code(error) in {"NoSuchKey", "404"}:
            return None
        raise


def replace(client: Any, bucket: str, prefix: str, force: bool) -> None:
    if not force:
        raise TrainingError(
            f"s3://{bucket}/{prefix}{MANIFEST} is there with other bytes. Push to a new prefix, so that what is "
            "served stays what was checked; --force replaces it."
        )
    # Without its manifest a half-replaced bundle cannot be resolved.
    client.delete_object(Bucket=bucket, Key=f"{prefix}{MANIFEST}")


def upload(client: Any, bucket: str, prefix: str, path: str, file: Path) -> None:
    kind = CONTENT_TYPES.get(file.suffix, "application/octet-stream")
    progress = Progress(path, file.stat().st_size)
    client.upload_file(
        str(file),
        bucket,
        f"{prefix}{path}",
        ExtraArgs={"ContentType": kind},
        Config=TRANSFER,
        Callback=progress,
    )


def publish(client: Any, bucket: str, prefix: str, manifest: bytes, exclusive: bool) -> None:
    """`exclusive` lets S3 refuse it where somebody else published under this prefix in the meantime."""
    condition = {"IfNoneMatch": "*"} if exclusive else {}
    try:
        client.put_object(
            Bucket=bucket,
            Key=f"{prefix}{MANIFEST}",
            Body=manifest,
            ContentType="application/json",
            **condition,
        )
    except ClientError as error:
        if error_code(error) not in {"PreconditionFailed", "ConditionalRequestConflict", "412"}:
            raise
        raise TrainingError(
            f"s3://{bucket}/{prefix}{MANIFEST} was pushed by somebody else at the same time, and its files may be "
            "of both. Push to a new prefix, or again with --force."
        ) from error


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
