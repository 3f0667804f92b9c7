"""Reading S3, its failures as TrainingErrors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from windlass_training.errors import TrainingError
from windlass_training.push import connect, explain


@contextmanager
def connected(what: str) -> Iterator[Any]:
    try:
        yield connect(None)
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise TrainingError(f"{what} cannot be read: {explain(error)}") from error


def download(client: Any, bucket: str, key: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    client.download_file(bucket, key, str(file))
