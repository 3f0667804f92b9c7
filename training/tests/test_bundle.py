"""The bundle that the command writes: its files, its schema, its bytes."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import onnx
import pytest
from conftest import ROWS, Trained, train

from windlass_training.bundle import read_bundle, write_bundle
from windlass_training.cli import main
from windlass_training.errors import TrainingError
from windlass_training.tabular.graph import sort_opsets

REPOSITORY = Path(__file__).parents[2]


def manifest(bundle: Path) -> Any:
    return json.loads((bundle / "model.json").read_bytes())


def test_model_json_lists_every_other_file_with_its_size_and_digest(trained: Trained) -> None:
    listed = manifest(trained.bundle)["files"]
    assert set(listed) | {"model.json"} == {file.name for file in trained.bundle.iterdir()}
    for path, entry in listed.items():
        content = (trained.bundle / path).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def test_model_json_says_what_the_model_is_and_what_it_was_trained_on(trained: Trained) -> None:
    described = manifest(trained.bundle)
    assert (described["formatVersion"], described["name"], described["version"]) == (1, "BankChurn", "3")
    assert described["task"] == "binary-classification"
    training = described["training"]
    assert training["dataSha256"] == hashlib.sha256(trained.data.read_bytes()).hexdigest()
    assert (training["rows"], training["seed"]) == (ROWS, 42)
    assert {"scikit-learn", "skl2onnx", "onnxruntime"} <= set(training["libraries"])


def test_training_again_gives_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    train(trained.data, tmp_path / "again", "--version", "3", hash_seed="77")
    for file in trained.bundle.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_the_order_of_opsets_does_not_depend_on_the_process() -> None:
    graph = onnx.helper.make_graph([], "empty", [], [])
    domains = ["ai.onnx.ml", ""]
    opsets = [onnx.helper.make_opsetid(domain, 1) for domain in domains]
    one, other = (onnx.helper.make_model(graph, opset_imports=order) for order in (opsets, opsets[::-1]))
    assert one.SerializeToString() != other.SerializeToString()
    sort_opsets(one)
    sort_opsets(other)
    assert one.SerializeToString() == other.SerializeToString()


def test_another_seed_gives_another_model(trained: Trained, tmp_path: Path) -> None:
    options = ["--data", str(trained.data), "--out", str(tmp_path / "other"), "--version", "3", "--seed", "7"]
    assert main(["train", "bankchurn", *options]) == 0
    assert (tmp_path / "other/model.onnx").read_bytes() != (trained.bundle / "model.onnx").read_bytes()


def test_the_graph_has_one_named_input_per_feature_and_plain_tensors_as_outputs(trained: Trained) -> None:
    graph = onnx.load(trained.bundle / "model.onnx").graph
    kinds = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.STRING: "string", onnx.TensorProto.INT64: "int64"}

    def described(values: Any) -> list[tuple[str, str, list[int | None]]]:
        tensors = [(value.name, value.type.tensor_type) for value in values]
        return [
            (name, kinds[t.elem_type], [d.dim_value if d.HasField("dim_value") else None for d in t.shape.dim])
            for name, t in tensors
        ]

    listed = manifest(trained.bundle)
    assert described(graph.input) == [(i["name"], i["type"], i["shape"]) for i in listed["inputs"]]
    assert described(graph.output) == [("label", "int64", [None]), ("probabilities", "float32", [None, 2])]
    assert described(graph.output) == [(o["name"], o["type"], o["shape"]) for o in listed["outputs"]]


def test_the_graph_uses_standard_operators_and_keeps_its_weights_inside(trained: Trained) -> None:
    model = onnx.load(trained.bundle / "model.onnx", load_external_data=False)
    assert {opset.domain for opset in model.opset_import} <= {"", "ai.onnx.ml"}
    assert "ZipMap" not in {node.op_type for node in model.graph.node}
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used


def test_the_schema_of_the_contract_accepts_the_bundle(trained: Trained) -> None:
    node = REPOSITORY / "node_modules/.bin/node"
    if not node.exists():
        pytest.skip("no node_modules/.bin/node: run make packages")
    script = """
        import { readFileSync } from 'node:fs';
        import { manifestSchema, goldenSchema, referenceSchema } from '#contract/model-manifest.ts';
        const read = (file) => JSON.parse(readFileSync(process.argv[1] + '/' + file, 'utf8'));
        manifestSchema.parse(read('model.json'));
        goldenSchema.parse(read('golden.json'));
        referenceSchema.parse(read('reference.json'));
        console.log('accepted');
    """
    done = subprocess.run(
        [str(node), "--input-type=module", "--eval", script, str(trained.bundle)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "accepted", done.stderr


def test_a_changed_file_is_noticed(trained: Trained, tmp_path: Path) -> None:
    files = {file.name: file.read_bytes() for file in trained.bundle.iterdir()}
    write_bundle(tmp_path / "bundle", {**files, "golden.json": files["golden.json"].replace(b"1", b"2", 1)})
    with pytest.raises(TrainingError, match=r"golden\.json is not what model\.json lists"):
        read_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname"])
def test_a_listed_path_outside_the_bundle_is_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "secret").write_bytes(b"")
    listing = {"files": {path: {"sha256": hashlib.sha256(b"").hexdigest(), "size": 0}}}
    (tmp_path / "bundle/model.json").write_text(json.dumps(listing))
    with pytest.raises(TrainingError, match="outside the bundle"):
        read_bundle(tmp_path / "bundle")


def test_a_folder_with_other_files_is_not_overwritten(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    (tmp_path / "thesis.txt").write_text("irreplaceable")
    assert main(["train", "bankchurn", "--data", str(trained.data), "--out", str(tmp_path)]) == 1
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "model.json": "{}",
        "thesis.txt": "irreplaceable",
    }


def test_a_bundle_is_replaced_by_the_next_one(trained: Trained, tmp_path: Path) -> None:
    files = {file.name: file.read_bytes() for file in trained.bundle.iterdir()}
    write_bundle(tmp_path, {**files, "model.onnx": b"old"})
    write_bundle(tmp_path, files)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files
