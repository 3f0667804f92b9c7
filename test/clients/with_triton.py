"""tritonclient, whose default is binary, against the models of test/integration/v2-clients.test.ts."""

import asyncio
from urllib.parse import urlparse

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from checks import MODELS, check, run_checks
from tritonclient.utils import InferenceServerException

SAMPLES = {
    "bool": ("BOOL", np.array([True, False, True])),
    "uint8": ("UINT8", np.array([0, 1, 255], np.uint8)),
    "uint16": ("UINT16", np.array([0, 1, 65535], np.uint16)),
    "uint32": ("UINT32", np.array([0, 1, 2**32 - 1], np.uint32)),
    "uint64": ("UINT64", np.array([0, 2**53 + 1, 2**64 - 1], np.uint64)),
    "int8": ("INT8", np.array([-128, 0, 127], np.int8)),
    "int16": ("INT16", np.array([-32768, 0, 32767], np.int16)),
    "int32": ("INT32", np.array([-(2**31), 0, 2**31 - 1], np.int32)),
    "int64": ("INT64", np.array([-(2**63), 2**53 + 1, 2**63 - 1], np.int64)),
    "float16": ("FP16", np.array([-1.5, 0.1, 65504], np.float16)),
    "float32": ("FP32", np.array([-1.5, 0.1, 3.4e38], np.float32)),
    "float64": ("FP64", np.array([-1.5, 0.1, 1e300], np.float64)),
    "string": ("BYTES", np.array(["", "Grüße", '名前 "\n'], np.object_)),
}


def client(name):
    return triton.InferenceServerClient(urlparse(MODELS[name]).netloc)


def texts(array):
    """Texts come as bytes from binary data and as str from JSON."""
    return [item.decode() if isinstance(item, bytes) else item for item in array.ravel()]


def tensor(name, datatype, array, binary=True):
    value = triton.InferInput(name, list(array.shape), datatype)
    value.set_data_from_numpy(array, binary_data=binary)
    return value


def echo(name, array, datatype, binary_in=True, binary_out=True, **options):
    outputs = [triton.InferRequestedOutput("y", binary_data=binary_out)]
    with client(name) as server:
        result = server.infer(name, [tensor("x", datatype, array, binary_in)], outputs=outputs, **options)
    return result.as_numpy("y")


def same(a, b):
    if b.dtype == np.object_:
        assert texts(a) == texts(b), (a, b)
    else:
        np.testing.assert_array_equal(a, b)
    assert a.shape == b.shape, (a.shape, b.shape)


def refusal(work):
    try:
        work()
    except InferenceServerException as error:
        return error.status(), error.message()
    raise AssertionError("the server took it")


@check
def server_and_model():
    with client("float32") as server:
        assert server.is_server_live()
        assert server.is_server_ready()
        assert server.is_model_ready("float32")
        assert server.is_model_ready("float32", "1")
        assert not server.is_model_ready("float32", "2")
        assert not server.is_model_ready("other")
        about = server.get_server_metadata()
        assert about["name"] == "windlass" and "binary_tensor_data" in about["extensions"], about
        described = server.get_model_metadata("float32")
        assert described["versions"] == ["1"], described
        assert described["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1]}], described


@check
def every_datatype_binary():
    for name, (datatype, array) in SAMPLES.items():
        same(echo(name, array, datatype), array)


@check
def every_datatype_json():
    for name, (datatype, array) in SAMPLES.items():
        same(echo(name, array, datatype, binary_in=False, binary_out=False), array)


@check
def mixed_ways():
    for name, (datatype, array) in SAMPLES.items():
        same(echo(name, array, datatype, binary_in=True, binary_out=False), array)
        same(echo(name, array, datatype, binary_in=False, binary_out=True), array)


@check
def not_finite_binary():
    array = np.array([np.nan, np.inf, -np.inf], np.float32)
    same(echo("float32", array, "FP32"), array)
    status, message = refusal(lambda: echo("float32", array, "FP32", binary_out=False))
    assert status == "422" and "binary" in message, (status, message)


@check
def compression():
    array = np.arange(50_000, dtype=np.float32) % 100
    for request in ["gzip", "deflate", None]:
        for response in ["gzip", "deflate", None]:
            options = {"request_compression_algorithm": request, "response_compression_algorithm": response}
            same(echo("float32", array, "FP32", **options), array)
            same(echo("float32", array, "FP32", binary_in=False, binary_out=False, **options), array)


@check
def several_tensors():
    a = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    b = np.array([["x"], ["y"], ["zü"]], np.object_)
    c = np.array([1, 2, 3], np.int64)
    for order in [(0, 1, 2), (2, 0, 1), (1, 2, 0)]:
        for binary in range(8):
            parts = [("a", "FP32", a), ("b", "BYTES", b), ("c", "INT64", c)]
            inputs = [tensor(*parts[i], bool(binary & (1 << i))) for i in order]
            outputs = [triton.InferRequestedOutput("pqr"[i], binary_data=bool(binary & (1 << i))) for i in order]
            with client("several") as server:
                result = server.infer("several", inputs, outputs=outputs, request_id="seven")
                alone = server.infer("several", inputs, outputs=outputs[:1])
                every = server.infer("several", inputs)
            assert result.get_response()["id"] == "seven"
            assert len(alone.get_response()["outputs"]) == 1
            for answer in [result, every]:
                same(answer.as_numpy("p"), a)
                same(answer.as_numpy("q"), b)
                same(answer.as_numpy("r"), c)


@check
def no_rows():
    for binary in [True, False]:
        parts = [
            ("a", "FP32", np.zeros((0, 2), np.float32)),
            ("b", "BYTES", np.zeros((0, 1), np.object_)),
            ("c", "INT64", np.zeros(0, np.int64)),
        ]
        with client("several") as server:
            result = server.infer("several", [tensor(*part, binary) for part in parts])
        assert [output["shape"] for output in result.get_response()["outputs"]] == [[0, 2], [0, 1], [0]]
        assert result.as_numpy("p").shape == (0, 2)


@check
def images():
    batch = np.random.default_rng(1).random((4, 3, 64, 64), np.float32)
    with client("image") as server:
        result = server.infer("image", [tensor("image", "FP32", batch)])
    np.testing.assert_allclose(result.as_numpy("mean"), batch.mean((2, 3), keepdims=True), rtol=1e-4)


@check
def at_once():
    with triton.InferenceServerClient(urlparse(MODELS["float32"]).netloc, concurrency=8) as server:
        arrays = [np.full(5 + i % 3, i, np.float32) for i in range(64)]
        waiting = [server.async_infer("float32", [tensor("x", "FP32", array)]) for array in arrays]
        for array, answer in zip(arrays, waiting, strict=True):
            same(answer.get_result().as_numpy("y"), array)


@check
def asyncio_client():
    async def work():
        async with triton_aio.InferenceServerClient(urlparse(MODELS["float32"]).netloc) as server:
            array = np.arange(20_000, dtype=np.float32)
            value = triton_aio.InferInput("x", [20_000], "FP32")
            value.set_data_from_numpy(array)
            for coding in [None, "gzip", "deflate"]:
                result = await server.infer(
                    "float32", [value], request_compression_algorithm=coding, response_compression_algorithm=coding
                )
                same(result.as_numpy("y"), array)

    asyncio.run(work())


@check
def parameters():
    array = np.array([1.0], np.float32)
    same(echo("float32", array, "FP32", priority=2, timeout=1000, parameters={"mine": "x"}), array)
    for work, name in [
        (lambda: echo("float32", array, "FP32", sequence_id=5), "sequence_id"),
        (lambda: classified(array), "classification"),
        (lambda: shared(), "shared_memory_region"),
    ]:
        status, message = refusal(work)
        assert status == "400" and name in message, (status, message)


def classified(array):
    with client("float32") as server:
        server.infer("float32", [tensor("x", "FP32", array)], outputs=[triton.InferRequestedOutput("y", class_count=2)])


def shared():
    value = triton.InferInput("x", [1], "FP32")
    value.set_shared_memory("region", 4)
    with client("float32") as server:
        server.infer("float32", [value])


@check
def errors():
    array = np.array([1.0, 2.0], np.float32)
    with client("float32") as server:
        cases = [
            ("404", '"other"', lambda: server.infer("other", [tensor("x", "FP32", array)])),
            ("404", "version", lambda: server.infer("float32", [tensor("x", "FP32", array)], model_version="9")),
            ("400", "is no input", lambda: server.infer("float32", [tensor("z", "FP32", array)])),
            ("400", "must be FP32", lambda: server.infer("float32", [tensor("x", "FP64", array.astype(np.float64))])),
            ("400", "[-1]", lambda: server.infer("float32", [tensor("x", "FP32", array.reshape(1, 2))])),
            ("400", "no output", lambda: server.infer(
                "float32", [tensor("x", "FP32", array)], outputs=[triton.InferRequestedOutput("z")])),
            ("404", "nothing at", lambda: server.get_model_config("float32")),
        ]  # fmt: skip
        for status, text, work in cases:
            got = refusal(work)
            assert got[0] == status and text in got[1], (text, got)


@check
def bad_texts():
    for raw, problem in [(b"\xff\xfe", "UTF-8"), (b"a\0b", "NUL")]:
        array = np.array([b"fine", raw], np.object_)
        status, message = refusal(lambda array=array: echo("string", array, "BYTES"))
        assert status == "400" and problem in message and "inputs[0].data[1]" in message, (status, message)


@check
def bomb():
    array = np.zeros(6_000_000, np.float32)
    status, message = refusal(lambda: echo("float32", array, "FP32", request_compression_algorithm="gzip"))
    assert status == "413" and "more than" in message, (status, message)


run_checks()
