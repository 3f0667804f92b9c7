"""Runs, registered versions and aliases, on a real MLflow server with accounts, its artifacts in a real S3 server."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Telecom, Trained
from mlflow import MlflowClient
from mlflow_server import MlflowServer, mlflow_server
from retraining import POOR

from windlass_training.bundle import read_bundle
from windlass_training.cli import main
from windlass_training.files import file_digest


@pytest.fixture(scope="module")
def server() -> Iterator[MlflowServer]:
    with mlflow_server("--auth") as running:
        yield running


@pytest.fixture
def mlflow(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", server.username)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", server.password)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return MlflowClient(server.url)


@pytest.fixture(scope="module")
def logged(server: MlflowServer, trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of generated data whose training was logged."""
    folder = tmp_path_factory.mktemp("logged") / "bundle"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_USERNAME", server.username)
        patch.setenv("MLFLOW_TRACKING_PASSWORD", server.password)
        data = ["--data", str(trained.data), "--out", str(folder)]
        assert main(["train", "bankchurn", *data, "--version", "7", "--mlflow", server.url]) == 0
    return folder


def test_an_evaluation_and_a_search_are_runs_that_no_version_is_taken_to_come_from(
    mlflow: MlflowClient, telecom: Telecom, tmp_path: Path
) -> None:
    data = ["--data", str(telecom.data)]
    report = ["--bundle", str(telecom.bundle), "--out", str(tmp_path / "report")]
    assert main(["evaluate", "telecom", *data, *report]) == 0
    search = ["--config", str(telecom.config), "--out", str(tmp_path / "tuned"), "--trials", "1"]
    assert main(["tune", "telecom", *data, *search]) == 0
    experiment = mlflow.get_experiment_by_name("TelecomAI")
    assert experiment is not None
    runs = {run.info.run_name: run for run in mlflow.search_runs([experiment.experiment_id])}
    evaluated, tuned = runs["evaluate TelecomAI 7"], runs["tune TelecomAI"]
    manifest = json.loads((telecom.bundle / "model.json").read_bytes())
    assert evaluated.data.metrics == pytest.approx(manifest["metrics"])
    assert evaluated.data.tags["windlass.checks"] == "passed"
    pictures = {entry.path for entry in mlflow.list_artifacts(evaluated.info.run_id, "pictures")}
    assert pictures == {f"pictures/{file.name}" for file in (tmp_path / "report").glob("*.png")}
    assert {"best.toml", "trials.csv"} <= {entry.path for entry in mlflow.list_artifacts(tuned.info.run_id)}
    assert tuned.data.params["trials"] == "2"
    assert not any("windlass.manifest-sha256" in run.data.tags for run in runs.values())


def test_a_training_is_a_run_with_its_parameters_metrics_card_and_pictures(mlflow: MlflowClient, logged: Path) -> None:
    experiment = mlflow.get_experiment_by_name("BankChurn")
    assert experiment is not None
    (run,) = mlflow.search_runs([experiment.experiment_id], "tags.`windlass.version` = '7'")
    manifest = json.loads((logged / "model.json").read_bytes())
    assert run.info.status == "FINISHED"
    assert run.data.params["model.forest.trees"] == "100"
    assert run.data.params["seed"] == "42"
    assert run.data.metrics == pytest.approx(manifest["metrics"])
    assert run.data.tags["windlass.data-sha256"] == manifest["training"]["dataSha256"]
    paths = {entry.path for entry in mlflow.list_artifacts(run.info.run_id)}
    assert {"model-card.md", "pictures"} <= paths
    pictures = {entry.path for entry in mlflow.list_artifacts(run.info.run_id, "pictures")}
    assert "pictures/roc.png" in pictures


def test_register_uploads_the_bundle_as_it_is_and_links_the_run(
    mlflow: MlflowClient, logged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow as library

    assert main(["register", str(logged), "--name", "Linked"]) == 0
    assert "models:/Linked/1" in capsys.readouterr().out
    version = mlflow.get_model_version("Linked", "1")
    manifest = json.loads((logged / "model.json").read_bytes())
    assert version.status == "READY"
    assert version.run_id is not None
    assert mlflow.get_run(version.run_id).data.tags["windlass.version"] == "7"
    assert float(version.tags["metric.auc"]) == pytest.approx(manifest["metrics"]["auc"], abs=1e-5)
    library.artifacts.download_artifacts(artifact_uri="models:/Linked/1", dst_path=str(tmp_path))
    read_bundle(tmp_path)
    assert file_digest(tmp_path / "model.json") == file_digest(logged / "model.json")
    graph = library.onnx.load_model(str(tmp_path))
    assert {entry.name for entry in graph.graph.input} == {entry["name"] for entry in manifest["inputs"]}
    model = library.pyfunc.load_model(str(tmp_path))
    assert model.metadata.flavors["onnx"]["data"] == "model.onnx"


def test_the_same_bundle_again_is_the_version_that_it_has(
    mlflow: MlflowClient, logged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["register", str(logged), "--name", "Twice"]) == 0
    assert main(["register", str(logged), "--name", "Twice"]) == 0
    assert "is version 1 of Twice already" in capsys.readouterr().out
    assert [entry.version for entry in mlflow.search_model_versions("name='Twice'")] == ["1"]


def test_a_bundle_that_was_never_logged_gets_a_run_when_it_is_registered(
    mlflow: MlflowClient, trained: Trained
) -> None:
    assert main(["register", str(trained.bundle), "--name", "Unlogged", "--alias", "champion"]) == 0
    version = mlflow.get_model_version_by_alias("Unlogged", "champion")
    assert version.run_id is not None
    assert mlflow.get_run(version.run_id).data.params["model.forest.max_depth"] == "10"


def test_an_alias_moves_there_and_back_and_says_where_it_was(
    mlflow: MlflowClient, logged: Path, trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["register", str(trained.bundle), "--name", "Moved", "--alias", "champion"]) == 0
    assert main(["register", str(logged), "--name", "Moved", "--alias", "challenger"]) == 0
    capsys.readouterr()
    assert main(["promote", "Moved", "@challenger", "--alias", "champion"]) == 0
    output = capsys.readouterr().out
    assert "Moved@champion: version 1 -> 2" in output
    back = re.search(r"windlass-train (promote .*)", output)
    assert back is not None
    assert main(back[1].split()) == 0
    assert mlflow.get_model_version_by_alias("Moved", "champion").version == "1"
    assert main(back[1].split()) == 0
    assert "is version 1 already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"notes.txt": "no model"}, "neither model.json"),
        (
            {"MLmodel": "flavors: {sklearn: {}, python_function: {}}\n"},
            "no ONNX flavour, only python_function, sklearn",
        ),
        ({"MLmodel": "flavors: {onnx: {data: model.onnx}}\n"}, "names model.onnx, which is not there"),
        ({"MLmodel": "<html>"}, "its MLmodel cannot be read"),
        ({"model.json": "{}"}, "is not a manifest"),
        ({"model.json": '{"files": {"a.onnx": {"size": 3}}}'}, "lists a.onnx, which is not there"),
        ({"model.json": '{"files": {"a.onnx": {"size": 3}}}', "a.onnx": "12"}, "a.onnx has 2 bytes"),
    ],
)
def test_a_version_that_cannot_be_served_gets_no_alias(
    mlflow: MlflowClient, files: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = mlflow.get_experiment_by_name("unservable")
    place = experiment.experiment_id if experiment else mlflow.create_experiment("unservable")
    run = mlflow.create_run(place)
    for path, text in files.items():
        mlflow.log_text(run.info.run_id, text, f"model/{path}")
    if not mlflow.search_registered_models("name='Unservable'"):
        mlflow.create_registered_model("Unservable")
    source = f"{run.info.artifact_uri}/model"
    version = mlflow.create_model_version("Unservable", source, run.info.run_id).version
    assert main(["promote", "Unservable", version, "--alias", "champion"]) == 1
    assert said in capsys.readouterr().err
    assert mlflow.get_registered_model("Unservable").aliases == {}


def test_an_onnx_model_that_is_no_bundle_may_have_an_alias(mlflow: MlflowClient) -> None:
    run = mlflow.create_run("0")
    mlflow.log_text(run.info.run_id, "flavors: {onnx: {data: model.onnx}}\n", "model/MLmodel")
    mlflow.log_text(run.info.run_id, "graph", "model/model.onnx")
    mlflow.create_registered_model("Plain")
    mlflow.create_model_version("Plain", f"{run.info.artifact_uri}/model", run.info.run_id)
    assert main(["promote", "Plain", "1"]) == 0
    assert mlflow.get_model_version_by_alias("Plain", "champion").version == "1"


def test_a_retraining_registers_a_version_that_is_as_good_as_the_one_behind_the_alias(
    mlflow: MlflowClient,
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small, poor = tmp_path / "small.toml", tmp_path / "poor.toml"
    small.write_text("[model.forest]\ntrees = 10\n")
    poor.write_text(POOR)
    monkeypatch.setenv("WINDLASS_MODEL_URI", "models:/Retrained@champion")
    command = ["retrain", "bankchurn", "--data", str(trained.data), "--register", "Retrained", "--alias", "champion"]
    assert main([*command, "--config", str(small), "--version", "a"]) == 0
    assert "models:/Retrained@champion is not registered" in capsys.readouterr().out
    assert main([*command, "--config", str(poor), "--version", "b"]) == 3
    assert "version a that serves" in capsys.readouterr().err
    assert mlflow.get_model_version_by_alias("Retrained", "champion").version == "1"


def test_a_retraining_is_held_against_the_version_that_serves_and_not_against_the_alias(
    mlflow: MlflowClient,
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    poor = tmp_path / "poor.toml"
    poor.write_text(POOR)
    assert main(["register", str(trained.bundle), "--name", "Pinned", "--alias", "champion"]) == 0
    command = ["retrain", "bankchurn", "--data", str(trained.data), "--register", "Pinned", "--alias", "champion"]
    command += ["--config", str(poor)]
    monkeypatch.setenv("WINDLASS_MODEL_URI", "models:/Pinned@champion")
    monkeypatch.setenv("WINDLASS_STABLE_REVISION", "churn-a")
    monkeypatch.setenv("WINDLASS_STABLE_URI", "models:/Pinned/1")
    monkeypatch.setenv("WINDLASS_STABLE_MANIFEST_SHA256", file_digest(trained.bundle / "model.json"))
    assert main([*command, "--even-if-worse"]) == 0
    assert mlflow.get_model_version_by_alias("Pinned", "champion").version == "2"
    assert main(command) == 3
    assert "version 3 that serves" in capsys.readouterr().err
    mlflow.delete_model_version("Pinned", "1")
    assert main(command) == 1
    assert "the version was deleted" in capsys.readouterr().err
    monkeypatch.setenv("WINDLASS_STABLE_URI", "models:/Pinned/2")
    assert main(command) == 1
    assert "its model.json has the sha256" in capsys.readouterr().err
    assert mlflow.get_model_version_by_alias("Pinned", "champion").version == "2"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "Nobody", "1"], "no version of it is registered"),
        (["promote", "Nobody", "latest"], "give its number, or @ and an alias"),
        (["promote", "Nobody", "@champion"], "has no version @champion of Nobody"),
        (["register", "nowhere"], "nowhere is no bundle"),
    ],
)
def test_what_is_not_there_is_named(
    mlflow: MlflowClient, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mlflow is not None
    assert main(arguments) == 1
    assert said in capsys.readouterr().err


def test_a_wrong_password_is_told_before_anything_is_trained(
    mlflow: MlflowClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mlflow is not None
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
    assert main(["train", "bankchurn", "--out", str(tmp_path / "out")]) == 1
    assert "MLFLOW_TRACKING_TOKEN" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, '{"error_code": "PERMISSION_DENIED", "message": "no"}', "access denied (403): the user nobody"),
        (403, "Permission denied", "access denied (403)"),
        (401, "who are you", "does not know who asks (401)"),
        (500, "oh no", "failed with status 500"),
        (500, "<html>oh no</html>", "failed with status 500"),
        (404, "<html>not found</html>", "is this the address of MLflow itself?"),
        (200, "<html>please log in</html>", "its answer is not JSON"),
    ],
)
def test_answers_that_are_not_mlflows_are_explained_and_not_quoted(
    status: int, body: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "nobody")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    with answering(status, body) as (url, _):
        assert main(["promote", "BankChurn", "1", "--mlflow", url]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert f"MLflow at {url.removeprefix('http://')} answered: " in error
    assert "reach" not in error
    assert "html" not in error
    assert "secret" not in error


def test_who_is_denied_is_told_of_the_login_and_of_the_servers_allowed_hosts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with answering(403, "Invalid Host header - possible DNS rebinding attack detected") as (url, _):
        assert main(["promote", "BankChurn", "1", "--mlflow", url]) == 1
    error = capsys.readouterr().err
    for word in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "--allowed-hosts"):
        assert word in error


def test_a_server_that_hangs_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("windlass_training.registry.connection.PROBE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        assert main(["promote", "BankChurn", "1", "--mlflow", f"http://{host}"]) == 1
    assert f"MLflow at {host} hangs: it takes connections" in capsys.readouterr().err
    assert time.monotonic() - started < 20


def test_a_server_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert main(["promote", "BankChurn", "1", "--mlflow", "http://127.0.0.1:9"]) == 1
    error = capsys.readouterr().err
    assert "MLflow at 127.0.0.1:9 cannot be reached: " in error
    assert "nothing listens there" in error


def test_a_token_is_sent_as_bearer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    with answering(403, "{}") as (url, authorizations):
        main(["promote", "BankChurn", "1", "--mlflow", url])
    assert authorizations[-1] == "Bearer t0ken"


@pytest.mark.parametrize("uri", ["", "mlruns", "sqlite:///x.db", "http://"])
def test_what_is_no_server_is_refused(
    uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert main(["promote", "BankChurn", "1"]) == 1
    assert "http://HOST:PORT" in capsys.readouterr().err


class answering:  # noqa: N801 - reads as a phrase in a with statement
    """A server that gives every request the same answer, and what came as Authorization."""

    def __init__(self, status: int, body: str) -> None:
        authorizations: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                authorizations.append(self.headers.get("Authorization", ""))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET  # noqa: N815 - the name that the server calls

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._authorizations = authorizations

    def __enter__(self) -> tuple[str, list[str]]:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{self._http.server_address[1]}", self._authorizations

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
