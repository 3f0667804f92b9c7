"""A connection to an MLflow tracking server, and what its failures mean."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from windlass_training.errors import TrainingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRACKING_URI = "MLFLOW_TRACKING_URI"
# The client's own patience is minutes: seven tries of up to two.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}
PROBE_SECONDS = 10.0
"""So soon a server that is well answers /health: one that hangs is told before the client's patience begins."""
LOGIN = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"


@dataclass(frozen=True)
class Registry:
    client: "MlflowClient"
    uri: str

    @property
    def host(self) -> str:
        return urlsplit(self.uri).netloc.rpartition("@")[2]


def connect(uri: str | None) -> Registry:
    """Asks the server for something, so that a wrong address or password is known before there is work to lose."""
    uri = (uri or os.environ.get(TRACKING_URI, "")).strip().rstrip("/")
    if not uri:
        raise TrainingError(f"no MLflow server was named: give --mlflow http://HOST:PORT or set {TRACKING_URI}")
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise TrainingError(f"{uri!r} is no MLflow server: --mlflow (or {TRACKING_URI}) takes http://HOST:PORT")
    for name, value in {"MLFLOW_DISABLE_TELEMETRY": "true", **PATIENCE}.items():
        os.environ.setdefault(name, value)
    import mlflow

    # Errors are told once, by what is raised.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(uri)
    registry = Registry(mlflow.MlflowClient(tracking_uri=uri), uri)
    refuse_hung(registry)
    with told(registry):
        registry.client.search_experiments(max_results=1)
    return registry


def refuse_hung(registry: Registry) -> None:
    """Asks for /health, and leaves it to the client to say what is wrong with any answer, and with none at all."""
    import requests

    try:
        requests.get(f"{registry.uri}/health", timeout=PROBE_SECONDS, stream=True, allow_redirects=False).close()
    except requests.ConnectTimeout as error:
        raise TrainingError(
            f"MLflow at {registry.host} cannot be reached: no connection within {PROBE_SECONDS:g} s. Check the "
            "address, and that no firewall or NetworkPolicy is in between."
        ) from error
    except requests.Timeout as error:
        raise TrainingError(
            f"MLflow at {registry.host} hangs: it takes connections, and did not answer GET /health within "
            f"{PROBE_SECONDS:g} s. Look at its log and its load, or restart it."
        ) from error
    except requests.RequestException:
        return


@contextmanager
def told(registry: Registry, what: str | None = None) -> Iterator[None]:
    """Failures of the server, its network and its artifact store, as TrainingErrors: "cannot <what>: why". Without
    `what` it is about the server itself."""
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import BotoCoreError, ClientError
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    try:
        yield
    except (MlflowException, RequestException) as error:
        about = f": cannot {what}" if what is not None else " answered" if answered(error) else " cannot be reached"
        raise TrainingError(f"MLflow at {registry.host}{about}: {explain(error)}") from error
    except (BotoCoreError, ClientError, S3UploadFailedError) as error:
        from windlass_training.push import explain as explain_s3

        advice = "Artifacts of this MLflow lie in S3 directly, so AWS_* and AWS_ENDPOINT_URL are needed here as well."
        raise TrainingError(
            f"MLflow at {registry.host}: cannot {what or 'be used'}: its S3 bucket: {explain_s3(error)}. {advice}"
        ) from error


def answered(error: Exception) -> bool:
    """An HTTP answer is behind this error, whatever it says."""
    from mlflow.exceptions import RestException

    return isinstance(error, RestException) or status_of(error) is not None or is_no_json(error)


def is_no_json(error: Exception) -> bool:
    return "not in a valid JSON format" in f"{error}" or "JSONDecodeError" in f"{error}"


def explain(error: Exception) -> str:
    """Why, for a person; a body that is not MLflow's own is never quoted."""
    from mlflow.exceptions import RestException

    status = status_of(error)
    if status == 401:
        return f"it does not know who asks (401): {LOGIN}"
    if status == 403:
        return (
            f"access denied (403): {named_user()} may not do this there ({LOGIN}), or the server's --allowed-hosts "
            "lacks the host of this address"
        )
    if isinstance(error, RestException):
        return f"{error.message} ({error.error_code})"
    if status is not None and status >= 500:
        return f"it failed with status {status}, {tries()}: look at its log"
    if status is not None:
        return f"status {status} in a form that is not MLflow's: is this the address of MLflow itself?"
    if is_no_json(error):
        return "its answer is not JSON: is this the address of MLflow itself, and not of a login page or a proxy?"
    text = str(error)
    for sign, meaning in SIGNS.items():
        if sign in text:
            return f"{meaning} ({tries()})"
    return text.splitlines()[0][:300]


SIGNS = {
    "Connection refused": "nothing listens there",
    "Name or service not known": "there is no such host",
    "Temporary failure in name resolution": "the host's name cannot be resolved",
    "Failed to resolve": "the host's name cannot be resolved",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted: MLFLOW_TRACKING_SERVER_CERT_PATH names an authority",
    "timed out": "no answer in time",
    "Connection aborted": "the connection broke",
}


def tries() -> str:
    count = 1 + int(os.environ.get("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3"))
    return f"after {count} {'try' if count == 1 else 'tries'}"


def named_user() -> str:
    if os.environ.get("MLFLOW_TRACKING_TOKEN"):
        return "the owner of MLFLOW_TRACKING_TOKEN"
    return f"the user {os.environ.get('MLFLOW_TRACKING_USERNAME') or '(none is set)'}"


def status_of(error: Any) -> int | None:
    """The HTTP status behind an error; the client keeps it in the text alone where the body was not MLflow's."""
    response = getattr(error, "response", None)
    if response is not None and response.status_code is not None:
        return int(response.status_code)
    found = re.search(
        r"failed with error code (\d{3})|too many (\d{3}) error responses|\b(40[13]) Client Error", f"{error}"
    )
    if found is None:
        return denied(error)
    return int(next(group for group in found.groups() if group is not None))


def denied(error: Any) -> int | None:
    codes = {"PERMISSION_DENIED": 403, "UNAUTHENTICATED": 401, "CUSTOMER_UNAUTHORIZED": 401}
    return codes.get(getattr(error, "error_code", ""))


def is_missing(error: Any) -> bool:
    """MLflow says that the run, model, version or alias does not exist."""
    if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
        return True
    return "alias" in f"{error}" and "not found" in f"{error}"
