"""The plant model from pictures to answers: one small training for all tests, for TensorFlow alone loads in seconds."""

import base64
import http.client
import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from windlass_training.bundle import open_bundle
from windlass_training.cli import main
from windlass_training.errors import TrainingError
from windlass_training.pictures.decode import decode
from windlass_training.pictures.folder import PictureFolder, pixels_of, read_folder
from windlass_training.pictures.golden import golden_check
from windlass_training.pictures.graph import Session, export_network
from windlass_training.systems import load_system
from windlass_training.systems.plant.features import LABELS, SIDE
from windlass_training.systems.plant.recipe import CARD
from windlass_training.train import system_config

REPOSITORY = Path(__file__).parents[2]
NODE = REPOSITORY / "node_modules/.bin/node"
SMALL = """
[model]
search_epochs = 1
[model.network]
width = 4
[model.fit]
epochs = 8
batch = 6
learning_rate = 0.01
[model.augmentation]
background = 0.3
"""


@dataclass(frozen=True)
class Leaves:
    data: Path
    bundle: Path
    config: Path
    output: str


@pytest.fixture(scope="module")
def leaves(tmp_path_factory: pytest.TempPathFactory) -> Leaves:
    folder = tmp_path_factory.mktemp("plant")
    data, bundle, config = folder / "Dataset", folder / "bundle", folder / "small.toml"
    config.write_text(SMALL)
    assert main(["generate", "plant", "--rows", "72", "--seed", "5", "--out", str(data)]) == 0
    (data / "Train/Rust/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return Leaves(data, bundle, config, train(data, bundle, config))


def train(data: Path, bundle: Path, config: Path) -> str:
    import contextlib
    import io

    printed = io.StringIO()
    options = ["--data", str(data), "--out", str(bundle), "--config", str(config), "--version", "3", "--no-gate"]
    with contextlib.redirect_stdout(printed):
        assert main(["train", "plant", *options]) == 0
    return printed.getvalue()


def read(bundle: Path, file: str) -> Any:
    return json.loads((bundle / file).read_bytes())


@pytest.fixture(scope="module")
def pictures(leaves: Leaves) -> PictureFolder:
    return read_folder(leaves.data, LABELS, SIDE)


def test_the_generated_signal_is_learnt(leaves: Leaves) -> None:
    metrics = read(leaves.bundle, "model.json")["metrics"]
    assert metrics["accuracy"] > 0.7
    assert metrics["accuracy_low"] < metrics["accuracy"] <= metrics["accuracy_high"]


def test_onnx_answers_as_keras_does_on_the_whole_test_split(leaves: Leaves) -> None:
    found = re.search(r"difference of a probability between Keras and ONNX Runtime, .*: (\S+) \(at most", leaves.output)
    assert found is not None
    assert float(found.group(1)) <= 1e-5


def test_a_broken_picture_is_left_out_by_name(leaves: Leaves) -> None:
    assert "left out: Train/Rust/broken.jpg is" in leaves.output
    assert "Train/Rust/broken.jpg" in (leaves.bundle / "model-card.md").read_text()


def test_the_graph_takes_bytes_and_scales_them_itself(leaves: Leaves) -> None:
    graph = onnx.load(leaves.bundle / "model.onnx").graph
    (image,) = graph.input
    dims = [d.dim_value or d.dim_param for d in image.type.tensor_type.shape.dim]
    assert (image.name, image.type.tensor_type.elem_type, dims) == ("image", onnx.TensorProto.UINT8, ["N", 256, 256, 3])
    scale = next(onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer if "mul" in tensor.name)
    assert scale == pytest.approx(1 / 255)
    assert [output.name for output in graph.output] == ["label", "probabilities"]


def test_clients_find_the_fields_that_they_read(leaves: Leaves) -> None:
    manifest = read(leaves.bundle, "model.json")
    assert set(manifest["response"]["predict"]) == {"prediction", "confidence", "probabilities", "processing_time"}
    assert manifest["response"]["errors"] == "detail"
    assert (manifest["name"], manifest["task"], manifest["labels"]) == (
        "PlantDisease",
        "image-classification",
        ["Healthy", "Powdery", "Rust"],
    )


def test_the_reference_has_bins_of_every_property_and_of_confidence(leaves: Leaves, pictures: PictureFolder) -> None:
    reference = read(leaves.bundle, "reference.json")
    assert set(reference["image"]) == {"brightness", "contrast", "sharpness", "aspect", "size"}
    assert reference["rows"] == len(pictures.split("Train"))
    for bins in reference["image"].values():
        assert sum(bins["counts"]) + bins["under"] + bins["over"] == reference["rows"]
    unseen = len(pictures.split("Validation")) + len(pictures.split("Test"))
    assert sum(reference["prediction"]["counts"]) == unseen


def test_golden_pictures_are_pngs_that_repeat_their_answers(leaves: Leaves) -> None:
    golden = read(leaves.bundle, "golden.json")
    session = Session((leaves.bundle / "model.onnx").read_bytes())
    assert {label for row in golden["rows"] for label in row["output"]["label"]} <= {0, 1, 2}
    for row in golden["rows"]:
        content = (leaves.bundle / row["input"]["image"]).read_bytes()
        assert content.startswith(b"\x89PNG")
        answer = session.run(decode(content, SIDE).pixels[np.newaxis]).probabilities[0]
        assert answer == pytest.approx(row["output"]["probabilities"], abs=1e-6)
    assert "golden/resized.png" in {row["input"]["image"] for row in golden["rows"]}


def test_a_changed_golden_picture_is_noticed(leaves: Leaves) -> None:
    bundle = open_bundle(leaves.bundle)
    assert golden_check(bundle, SIDE)[0].passes
    assert bundle.golden is not None
    bundle.golden["rows"][0]["output"]["probabilities"][0] += 0.01
    assert not golden_check(bundle, SIDE)[0].passes


def test_the_card_names_the_confounds_and_reports_by_species(leaves: Leaves) -> None:
    card = (leaves.bundle / "model-card.md").read_text()
    assert CARD.strip() in card
    for named in ("## By species", "| cherry |", "## What the leaf contributes", "Powdery: all are of cherry"):
        assert named in card


def test_training_again_gives_the_same_bytes(leaves: Leaves, tmp_path: Path) -> None:
    config = tmp_path / "short.toml"
    config.write_text(SMALL.replace("epochs = 8", "epochs = 1"))
    for name in ("one", "two"):
        train(leaves.data, tmp_path / name, config)
    for file in sorted((tmp_path / "one").rglob("*.*")):
        assert (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes() == file.read_bytes(), file.name


def test_evaluate_repeats_the_metrics_and_draws_the_pictures(leaves: Leaves, tmp_path: Path) -> None:
    options = ["--bundle", str(leaves.bundle), "--data", str(leaves.data), "--out", str(tmp_path / "report")]
    assert main(["evaluate", "plant", *options, "--no-gate"]) == 0
    report = read(tmp_path / "report", "metrics.json")
    assert report["metrics"] == report["stated"]
    for picture in ("roc.png", "confusion-matrix.png", "loss.png"):
        assert (tmp_path / "report" / picture).read_bytes().startswith(b"\x89PNG"), picture


def test_darker_pictures_are_reported_as_drift(leaves: Leaves, pictures: PictureFolder, tmp_path: Path) -> None:
    from PIL import Image

    for picture in pictures.pictures:
        file = tmp_path / "dark" / picture.path
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.pixels // 3).save(file)
    options = ["--reference", str(leaves.bundle), "--data", str(tmp_path / "dark"), "--out", str(tmp_path / "drift")]
    assert main(["drift-report", "plant", *options, "--min-samples", "50"]) == 0
    features = {feature["name"]: feature for feature in read(tmp_path / "drift", "drift.json")["features"]}
    assert features["image.brightness"]["state"] == "drifted"
    assert features["image.aspect"]["state"] == "steady"
    assert "image.brightness" in (tmp_path / "drift/drift.html").read_text()


def test_validate_data_writes_what_it_found(leaves: Leaves, tmp_path: Path) -> None:
    options = ["--data", str(leaves.data), "--report", str(tmp_path / "report.json")]
    assert main(["validate-data", "plant", *options]) == 0
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["valid"]
    found = {(finding["rule"], finding["column"]) for finding in report["findings"]}
    assert ("unreadable-picture", "Train/Rust/broken.jpg") in found
    assert ("one-species", "Powdery") in found


def test_each_fold_of_tune_gives_the_metric_that_is_searched_for(leaves: Leaves) -> None:
    system = load_system("plant")
    config = system_config(system, leaves.config)
    folds = system.cross_validate(system.generate(27, 3), config, 2)
    assert len(folds) == 2
    assert set(folds[0]) == set(folds[1])
    assert config.search.metric in folds[0]
    assert 0 <= folds[0]["accuracy"] <= 1


def test_a_network_with_trained_statistics_is_exported_exactly() -> None:
    import keras

    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((21, 18, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(5, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(3, strides=2),
            layers.Conv2D(4, (2, 3), strides=2, use_bias=False),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(6, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(4, activation="softmax"),
        ]
    )
    random = np.random.default_rng(4)
    model.set_weights([random.uniform(0.1, 0.9, weight.shape) for weight in model.get_weights()])
    pixels = random.integers(0, 256, (7, 21, 18, 3), dtype=np.uint8)
    expected = model.predict(pixels, verbose=0)
    answers = Session(export_network(model, "small")).run(pixels, batch=3)
    assert np.abs(answers.probabilities - expected).max() < 1e-5
    assert np.array_equal(answers.label, expected.argmax(axis=1))


@pytest.mark.parametrize("unknown", ["layer", "activation", "padding"])
def test_a_layer_that_cannot_be_exported_is_named(unknown: str) -> None:
    import keras

    layer = {
        "layer": keras.layers.UpSampling2D(name="odd"),
        "activation": keras.layers.Conv2D(2, 3, activation="tanh", name="odd"),
        "padding": keras.layers.MaxPooling2D(padding="same", name="odd"),
    }[unknown]
    model = keras.Sequential([keras.Input((9, 9, 3)), layer, keras.layers.GlobalAveragePooling2D()])
    with pytest.raises(TrainingError, match="the layer odd"):
        export_network(model, "odd")


@pytest.fixture
def served(leaves: Leaves) -> Iterator[http.client.HTTPConnection]:
    if not NODE.exists():
        pytest.skip("no node_modules/.bin/node: run make packages")
    command = [str(NODE), "runtime/main.ts", "serve", "--model", str(leaves.bundle), "--port", "0"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    ) as runtime:
        try:
            yield http.client.HTTPConnection("127.0.0.1", port_of(runtime), timeout=30)
        finally:
            runtime.terminate()


def port_of(runtime: "subprocess.Popen[str]") -> int:
    assert runtime.stdout is not None
    said = ""
    for line in runtime.stdout:
        said += line
        found = re.search(r"(?:127\.0\.0\.1|localhost):(\d+)", line)
        if found:
            return int(found.group(1))
    raise AssertionError(said)


def ask(server: http.client.HTTPConnection, content: bytes) -> tuple[int, Any]:
    boundary = uuid.UUID(int=1).hex
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="leaf.jpg"\r\n\r\n'.encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    server.request("POST", "/predict", body, {"content-type": f"multipart/form-data; boundary={boundary}"})
    response = server.getresponse()
    return response.status, json.loads(response.read())


def test_the_runtime_answers_as_training_measured(
    leaves: Leaves, pictures: PictureFolder, served: http.client.HTTPConnection
) -> None:
    test = pictures.split("Test")
    expected = Session((leaves.bundle / "model.onnx").read_bytes()).run(pixels_of(test))
    for picture, probabilities in zip(test, expected.probabilities, strict=True):
        status, answer = ask(served, picture.content or b"")
        assert status == 200, answer
        given = [answer["probabilities"][label] for label in LABELS]
        assert given == pytest.approx(list(probabilities), abs=1e-3)
        assert answer["prediction"] == LABELS[int(probabilities.argmax())]
        assert answer["confidence"] == pytest.approx(float(probabilities.max()), abs=1e-3)
        assert 0 <= answer["processing_time"] < 30


def test_the_runtime_refuses_what_is_no_picture_with_a_detail(served: http.client.HTTPConnection) -> None:
    for content, status in ((b"no picture", 415), (base64.b64decode("/9j/4AAQ"), 400)):
        answered, body = ask(served, content)
        assert (answered, set(body)) == (status, {"detail"}), body
