"""Reading S3, its failures as TrainingErrors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from windlass_training.errors import TrainingError
from windlass_training.push import connect, error_code, explain

DENIED = {"AccessDenied", "403"}


@contextmanager
def connected(what: str) -> Iterator[Any]:
    try:
        yield connect(None)
    except (BotoCoreError, ClientError, Boto3Error) as error:
        denied = isinstance(error, ClientError) and error_code(error) in DENIED
        why = (
            "access denied: the keys in AWS_* may not read there (s3:ListBucket and s3:GetObject, and "
            "s3:GetObjectVersion in a bucket that keeps versions)"
        )
        raise TrainingError(f"{what} cannot be read: {why if denied else explain(error)}") from error


def download(client: Any, bucket: str, key: str, file: Path, version: str | None = None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    client.download_file(bucket, key, str(file), ExtraArgs=None if version is None else {"VersionId": version})
