"""push, over HTTP."""

import datetime
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from s3_server import S3Server

from windlass_training.cli import main
from windlass_training.files import file_digest
from windlass_training.push import PART_BYTES, connect

PREFIX = "churn/3/"
REAL_BUCKET = "windlass-push-test"


@pytest.fixture
def real_s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A client of the server that WINDLASS_S3_ENDPOINT names, with the AWS_* keys around; the bucket is new."""
    endpoint = os.environ.get("WINDLASS_S3_ENDPOINT")
    if not endpoint:
        pytest.skip("no S3 server: name one with WINDLASS_S3_ENDPOINT and AWS_* keys")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    client = connect(None)
    client.create_bucket(Bucket=REAL_BUCKET)
    yield client
    for item in client.list_objects_v2(Bucket=REAL_BUCKET).get("Contents", []):
        client.delete_object(Bucket=REAL_BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=REAL_BUCKET)


def test_a_real_server_takes_a_bundle_and_keeps_its_bytes(real_s3: Any, tmp_path: Path) -> None:
    first = bundle(tmp_path / "one", graph=bytes(PART_BYTES + 7), golden=b"{}")
    second = bundle(tmp_path / "two", graph=b"other")
    destination = f"s3://{REAL_BUCKET}/{PREFIX}"

    def present() -> dict[str, bytes]:
        keys = [item["Key"] for item in real_s3.list_objects_v2(Bucket=REAL_BUCKET)["Contents"]]
        return {key: real_s3.get_object(Bucket=REAL_BUCKET, Key=key)["Body"].read() for key in keys}

    assert main(["push", str(first), destination]) == 0
    assert main(["push", str(first), destination]) == 0
    assert main(["push", str(second), destination]) == 1
    assert present() == stored(first)
    assert main(["push", str(second), destination, "--force"]) == 0
    folder = f"{PREFIX}{new_folder(second)}"
    assert {key: content for key, content in present().items() if key != f"{PREFIX}model.json"} == {
        **{f"{PREFIX}{name}": (first / name).read_bytes() for name in ("graph", "golden")},
        f"{folder}/graph": b"other",
    }


def bundle(folder: Path, fields: Mapping[str, object] | None = None, **files: bytes) -> Path:
    """A folder with a manifest that lists `files`, and has `fields` beside them."""
    folder.mkdir()
    listed = {}
    for name, content in files.items():
        (folder / name).write_bytes(content)
        listed[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (folder / "model.json").write_text(json.dumps({**(fields or {}), "files": listed}))
    return folder


def new_folder(bundle: Path) -> str:
    return f"bundle-{file_digest(bundle / 'model.json')[:12]}"


def served(s3: S3Server) -> dict[str, bytes]:
    """What model.json lists, each file with the digest that it is listed with."""
    listed = json.loads(s3.objects[f"{PREFIX}model.json"])["files"]
    files = {path: s3.objects[f"{PREFIX}{path}"] for path in listed}
    assert {path: hashlib.sha256(content).hexdigest() for path, content in files.items()} == {
        path: entry["sha256"] for path, entry in listed.items()
    }
    return files


def push(folder: Path, s3: S3Server, *options: str, to: str = f"s3://models/{PREFIX}") -> int:
    return main(["push", str(folder), to, "--endpoint-url", s3.url, *options])


def stored(folder: Path) -> dict[str, bytes]:
    return {f"{PREFIX}{file.name}": file.read_bytes() for file in folder.iterdir()}


def test_every_listed_file_is_uploaded_and_model_json_comes_last(s3: S3Server, tmp_path: Path) -> None:
    folder = bundle(tmp_path / "one", graph=b"onnx", golden=b"{}")
    assert push(folder, s3) == 0
    assert s3.objects == stored(folder)
    assert s3.written[-1] == f"PUT {PREFIX}model.json"


def test_files_that_the_manifest_does_not_list_stay_here(s3: S3Server, tmp_path: Path) -> None:
    folder = bundle(tmp_path / "one", graph=b"onnx")
    (folder / "notes.txt").write_text("private")
    assert push(folder, s3) == 0
    assert f"{PREFIX}notes.txt" not in s3.objects


def test_the_environment_names_the_endpoint_too(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    folder = bundle(tmp_path / "one", graph=b"onnx")
    assert main(["push", str(folder), f"s3://models/{PREFIX}"]) == 0
    assert s3.objects == stored(folder)


def test_a_failed_upload_leaves_no_model_json(s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    s3.fail_key = f"{PREFIX}graph"
    assert push(bundle(tmp_path / "one", golden=b"{}", graph=b"onnx"), s3) == 1
    assert f"{PREFIX}model.json" not in s3.objects
    assert s3.written == [f"PUT {PREFIX}golden"]
    assert "the keys in AWS_* may not write there" in capsys.readouterr().err


def test_pushing_the_same_bundle_again_is_no_error(s3: S3Server, tmp_path: Path) -> None:
    folder = bundle(tmp_path / "one", graph=b"onnx")
    assert push(folder, s3) == 0
    assert push(folder, s3) == 0
    assert s3.objects == stored(folder)


def test_other_bytes_under_the_same_prefix_are_refused(
    s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = bundle(tmp_path / "one", graph=b"onnx")
    assert push(first, s3) == 0
    assert push(bundle(tmp_path / "two", graph=b"other"), s3) == 1
    assert s3.objects == stored(first)
    assert "Push to a new prefix" in capsys.readouterr().err


def test_force_leaves_what_serves_until_one_write_switches_to_the_new_bundle(s3: S3Server, tmp_path: Path) -> None:
    first = bundle(tmp_path / "one", graph=b"onnx")
    assert push(first, s3) == 0
    second = bundle(tmp_path / "two", graph=b"other")
    s3.written.clear()
    assert push(second, s3, "--force") == 0
    folder = new_folder(second)
    assert s3.written == [f"PUT {PREFIX}{folder}/graph", f"PUT {PREFIX}model.json"]
    assert served(s3) == {f"{folder}/graph": b"other"}
    assert s3.objects[f"{PREFIX}graph"] == b"onnx"


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_what_was_forced_is_known_when_it_is_pushed_again(
    s3: S3Server, tmp_path: Path, options: tuple[str, ...]
) -> None:
    folder = bundle(tmp_path / "one", graph=b"onnx")
    assert push(folder, s3, "--force") == 0
    before = dict(s3.objects)
    assert push(folder, s3, *options) == 0
    assert s3.objects == before


def test_of_the_bundles_before_the_last_only_what_is_young_or_foreign_is_left(s3: S3Server, tmp_path: Path) -> None:
    bundles = [bundle(tmp_path / name, graph=name.encode()) for name in ("one", "two", "three", "four")]
    s3.objects[f"{PREFIX}notes.txt"] = s3.objects[f"{PREFIX}bundle-of-notes/graph"] = b"mine"
    for made in bundles[:3]:
        assert push(made, s3, *([] if made is bundles[0] else ["--force"])) == 0
    assert {f"{PREFIX}graph", f"{PREFIX}{new_folder(bundles[1])}/graph"} <= set(s3.objects)
    s3.now += datetime.timedelta(hours=2)
    assert push(bundles[3], s3, "--force") == 0
    expected = {"model.json", "notes.txt", "bundle-of-notes/graph", *(f"{new_folder(b)}/graph" for b in bundles[2:])}
    assert set(s3.objects) == {f"{PREFIX}{path}" for path in expected}


def test_whoever_may_not_delete_publishes_all_the_same(
    s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two", "three"):
        s3.now += datetime.timedelta(hours=2)
        s3.fail_key = f"{PREFIX}{new_folder(tmp_path / 'one')}/graph" if name == "three" else None
        assert push(bundle(tmp_path / name, graph=name.encode()), s3, "--force") == 0
    assert list(served(s3).values()) == [b"three"]
    assert "files of earlier bundles stay" in capsys.readouterr().err


def test_a_server_without_conditional_writes_is_written_to_without(s3: S3Server, tmp_path: Path) -> None:
    s3.conditional = False
    assert push(bundle(tmp_path / "one", graph=b"onnx"), s3) == 0
    assert push(bundle(tmp_path / "two", graph=b"other"), s3, "--force") == 0
    assert list(served(s3).values()) == [b"other"]


def test_golden_requests_name_their_pictures_where_they_went(s3: S3Server, tmp_path: Path) -> None:
    golden = {"rows": [{"input": {"image": "rust.png"}, "output": {}}, {"input": {"image": [1, 2]}, "output": {}}]}
    fields = {"golden": "golden", "graph": "graph", "inputs": [{"name": "image", "image": {}}]}
    content = {"golden": json.dumps(golden).encode(), "rust.png": b"png", "graph": b"onnx"}
    folder = bundle(tmp_path / "one", fields, **content)
    assert push(folder, s3, "--force") == 0
    manifest, files = json.loads(s3.objects[f"{PREFIX}model.json"]), served(s3)
    first, second = json.loads(files[manifest["golden"]])["rows"]
    assert files[first["input"]["image"]] == b"png"
    assert second["input"]["image"] == [1, 2]
    assert files[manifest["graph"]] == b"onnx"


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_a_push_that_comes_between_is_noticed(
    s3: S3Server,
    tmp_path: Path,
    options: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not options or push(bundle(tmp_path / "none", graph=b"first"), s3) == 0
    put = S3Server.put

    def put_and_be_overtaken(server: S3Server, key: str, content: bytes) -> None:
        put(server, key, content)
        server.objects[f"{PREFIX}model.json"] = b"of somebody else"

    monkeypatch.setattr(S3Server, "put", put_and_be_overtaken)
    assert push(bundle(tmp_path / "one", graph=b"onnx"), s3, *options) == 1
    assert s3.objects[f"{PREFIX}model.json"] == b"of somebody else"
    assert "by somebody else at the same time" in capsys.readouterr().err


def test_big_files_go_up_in_parts(s3: S3Server, tmp_path: Path) -> None:
    folder = bundle(tmp_path / "one", graph=bytes(range(256)) * (2 * PART_BYTES // 256) + b"end", golden=b"{}")
    assert push(folder, s3) == 0
    assert s3.multipart == [f"{PREFIX}graph"]
    assert s3.objects == stored(folder)


@pytest.mark.parametrize(
    "destination", ["models/churn", "s3://models", "s3://models/", "https://models/churn", "s3:///a"]
)
def test_a_destination_that_is_no_prefix_is_refused(
    destination: str, s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(bundle(tmp_path / "one", graph=b"onnx"), s3, to=destination) == 1
    assert "is no s3://BUCKET/PREFIX/" in capsys.readouterr().err


def test_an_absent_bucket_is_named_as_the_cause(
    s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(bundle(tmp_path / "one", graph=b"onnx"), s3, to="s3://nowhere/churn/") == 1
    assert "there is no such bucket" in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_refused(
    s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(tmp_path, s3) == 1
    assert "has no model.json" in capsys.readouterr().err
    assert s3.objects == {}
