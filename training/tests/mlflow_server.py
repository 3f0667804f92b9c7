"""The real MLflow server and S3 server of test/mlflow, for the tests of a file."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class MlflowServer:
    url: str
    bucket: str
    username: str
    password: str
    s3_endpoint: str
    s3_keys: tuple[str, str]


@contextmanager
def mlflow_server(*options: str) -> Iterator[MlflowServer]:
    """Ends with the block: the servers watch their standard input."""
    node = REPOSITORY / "node_modules" / ".bin" / "node"
    command = [str(node) if node.exists() else shutil.which("node") or "node", "test/mlflow/main.ts", *options]
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"the MLflow server did not start: node test/mlflow/main.ts ended with {process.wait(30)}"
            found = json.loads(line)
            account = found.get("account") or {"username": "", "password": ""}
            s3 = found["s3"]
            keys = (s3["accessKey"], s3["secretKey"])
            yield MlflowServer(
                found["url"], found["bucket"], account["username"], account["password"], s3["endpoint"], keys
            )
        finally:
            process.stdin.close()
            process.wait(30)
