"""Reading S3, its failures as TrainingErrors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from windlass_training.errors import TrainingError
from windlass_training.push import connect, error_code, explain

DENIED = (
    "access denied: the keys in AWS_* may not read there (s3:ListBucket and s3:GetObject, and s3:GetObjectVersion in a "
    "bucket that keeps versions)"
)
WHY = {
    "AccessDenied": DENIED,
    "403": DENIED,
    "NoSuchBucket": "there is no such bucket: mend the name of this source, or create the bucket and upload to it",
}
"""The meaning of S3's codes for who reads; `explain` has what they mean for who writes."""


@contextmanager
def connected(what: str) -> Iterator[Any]:
    try:
        yield connect(None)
    except (BotoCoreError, ClientError, Boto3Error) as error:
        why = WHY.get(error_code(error)) if isinstance(error, ClientError) else None
        raise TrainingError(f"{what} cannot be read: {why or explain(error)}") from error


def download(client: Any, bucket: str, key: str, file: Path, version: str | None = None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    client.download_file(bucket, key, str(file), ExtraArgs=None if version is None else {"VersionId": version})
