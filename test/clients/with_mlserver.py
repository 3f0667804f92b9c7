"""MLServer's types and codecs, and its batch client, against the models of test/integration/v2-clients.test.ts."""

import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pandas as pd
from checks import MODELS, check, run_checks
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec
from mlserver.types import (
    InferenceErrorResponse,
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataServerResponse,
    RequestOutput,
)


def fetch(url, body=None):
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def infer(name, request, with_nulls=False):
    body = request.model_dump_json(exclude_unset=not with_nulls, exclude_none=not with_nulls)
    status, answer = fetch(f"{MODELS[name]}/v2/models/{name}/infer", body.encode())
    assert status == 200, answer
    return InferenceResponse.model_validate_json(answer)


@check
def metadata():
    for path, kind in [("", MetadataServerResponse), ("/models/several", MetadataModelResponse)]:
        status, body = fetch(f"{MODELS['several']}/v2{path}")
        assert status == 200
        described = kind.model_validate_json(body)
    assert [tensor.datatype for tensor in described.inputs] == ["FP32", "BYTES", "INT64"], described
    assert described.outputs[0].shape == [-1, 2], described


@check
def numpy_arrays():
    for name, dtype in [("float32", np.float32), ("float64", np.float64), ("float16", np.float16),
                        ("int32", np.int32), ("uint8", np.uint8), ("bool", np.bool_)]:  # fmt: skip
        array = np.array([[0], [1], [1]], dtype)
        for with_nulls in [True, False]:
            request = InferenceRequest(id="three", inputs=[NumpyCodec.encode_input("x", array)])
            response = infer(f"{name}_column", request, with_nulls)
            assert response.id == "three" and response.model_name == f"{name}_column"
            np.testing.assert_array_equal(NumpyCodec.decode_output(response.outputs[0]), array)


@check
def exact_integers():
    for name, values in [("int64", [-(2**63), 2**53 + 1]), ("uint64", [2**64 - 1, 2**53 + 1])]:
        array = np.array(values, name).reshape(-1, 1)
        response = infer(f"{name}_column", InferenceRequest(inputs=[NumpyCodec.encode_input("x", array)]))
        np.testing.assert_array_equal(NumpyCodec.decode_output(response.outputs[0]), array)


@check
def strings():
    values = ["", "Grüße", "名前"]
    response = infer("string_column", InferenceRequest(inputs=[StringCodec.encode_input("x", values, use_bytes=False)]))
    assert StringCodec.decode_output(response.outputs[0]) == values


@check
def data_frames():
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": [2**53 + 1, -1]})
    request = PandasCodec.encode_request(frame)
    request.outputs = [RequestOutput(name="q")]
    response = infer("frame", request)
    assert [output.name for output in response.outputs] == ["q"]
    assert NumpyCodec.decode_output(response.outputs[0]).ravel().tolist() == frame["b"].tolist()


@check
def request_codec():
    array = np.array([[1.0], [2.0]], np.float32)
    request = NumpyRequestCodec.encode_request(array)
    request.inputs[0].name = "x"
    response = infer("float32_column", request)
    np.testing.assert_array_equal(NumpyRequestCodec.decode_response(response), array)


@check
def error_shape():
    request = InferenceRequest(inputs=[NumpyCodec.encode_input("z", np.array([1.0]))])
    status, answer = fetch(f"{MODELS['float32']}/v2/models/float32/infer", request.model_dump_json().encode())
    assert status == 400
    assert "is no input" in InferenceErrorResponse.model_validate_json(answer).error
    for path in ["/v2/models/other", "/v2/models/float32/versions/7/ready", "/v2/nothing"]:
        status, answer = fetch(MODELS["float32"] + path)
        assert status == 404 and InferenceErrorResponse.model_validate_json(answer).error, (path, answer)


@check
def batch_client():
    requests = [InferenceRequest(id=str(i), inputs=[NumpyCodec.encode_input("x", np.full((2, 1), i, np.float32))]) for i in range(20)]
    for binary in [["--binary-data"], []]:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
            source.write_text("".join(request.model_dump_json() + "\n" for request in requests))
            command = [
                sys.executable, "-c", "from mlserver.cli.main import main; main()", "infer",
                "-u", urlparse(MODELS["float32_column"]).netloc, "-m", "float32_column", "-i", source, "-o", target,
                "-w", "4", "-s", "3", *binary,
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            answers = [json.loads(line) for line in target.read_text().splitlines()]
        values = {answer["parameters"]["batch_index"]: answer["outputs"][0]["data"] for answer in answers}
        assert values == {i: [float(i)] * 2 for i in range(20)}, values


run_checks()
