"""KServe's inference client against the models of test/integration/v2-clients.test.ts."""

import asyncio

import httpx
import numpy as np
from checks import MODELS, check, run_checks
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput


def ask(name, inputs, outputs=None, parameters=None, request_id=None):
    async def work():
        request = InferRequest(
            model_name=name,
            infer_inputs=inputs,
            request_outputs=outputs,
            parameters=parameters,
            request_id=request_id,
        )
        async with InferenceRESTClient(RESTConfig(protocol="v2")) as server:
            return await server.infer(MODELS[name], request, model_name=name)

    return asyncio.run(work())


def tensor(name, datatype, array, binary):
    value = InferInput(name=name, shape=list(array.shape), datatype=datatype)
    value.set_data_from_numpy(array, binary_data=binary)
    return value


def refusal(work):
    try:
        work()
    except httpx.HTTPStatusError as error:
        return error.response.status_code, str(error)
    raise AssertionError("the server took it")


NUMBERS = {
    "bool": ("BOOL", np.array([True, False])),
    "uint8": ("UINT8", np.array([0, 255], np.uint8)),
    "int32": ("INT32", np.array([-1, 2**31 - 1], np.int32)),
    "int64": ("INT64", np.array([-(2**63), 2**53 + 1], np.int64)),
    "uint64": ("UINT64", np.array([2**53 + 1, 2**64 - 1], np.uint64)),
    "float32": ("FP32", np.array([0.1, -3e38], np.float32)),
    "float64": ("FP64", np.array([0.1, -1e300], np.float64)),
}


@check
def server_and_model():
    async def work():
        async with InferenceRESTClient(RESTConfig(protocol="v2")) as server:
            url = MODELS["float32"]
            assert await server.is_server_ready(url)
            assert await server.is_server_live(url)
            assert await server.is_model_ready(url, "float32")
            assert not await server.is_model_ready(url, "other")

    asyncio.run(work())


@check
def json_and_binary():
    for name, (datatype, array) in NUMBERS.items():
        for binary_in in [True, False]:
            for binary_out in [True, False]:
                outputs = [RequestedOutput("y", parameters={"binary_data": binary_out})]
                result = ask(name, [tensor("x", datatype, array, binary_in)], outputs, request_id="five")
                assert result.id == "five" and result.model_name == name
                np.testing.assert_array_equal(result.outputs[0].as_numpy(), array)


@check
def half_floats_binary():
    array = np.array([0.1, 65504, np.nan], np.float16)
    result = ask(
        "float16", [tensor("x", "FP16", array, True)], parameters={"binary_data_output": True}
    )
    np.testing.assert_array_equal(result.outputs[0].as_numpy(), array)


@check
def texts():
    array = np.array(["", "Grüße", "名前"], np.object_)
    for binary in [True, False]:
        result = ask("string", [tensor("x", "BYTES", array, binary)])
        assert result.outputs[0].data == array.tolist(), result.outputs[0].data


@check
def long_answers_compressed():
    array = np.arange(50_000, dtype=np.float32) % 100
    for binary in [True, False]:
        result = ask(
            "float32", [tensor("x", "FP32", array, binary)], parameters={"binary_data_output": binary}
        )
        np.testing.assert_array_equal(result.outputs[0].as_numpy(), array)


@check
def several_tensors():
    a = np.array([[1, 2], [3, 4]], np.float32)
    b = np.array([["x"], ["y"]], np.object_)
    c = np.array([1, 2], np.int64)
    inputs = [tensor("c", "INT64", c, True), tensor("a", "FP32", a, False), tensor("b", "BYTES", b, True)]
    result = ask("several", inputs)
    np.testing.assert_array_equal(result.get_output_by_name("p").as_numpy(), a)
    assert result.get_output_by_name("q").as_numpy().tolist() == b.tolist()
    np.testing.assert_array_equal(result.get_output_by_name("r").as_numpy(), c)


@check
def errors():
    array = np.array([1.0, 2.0], np.float32)
    status, message = refusal(lambda: ask("float32", [tensor("z", "FP32", array, True)]))
    assert status == 400 and "is no input" in message, (status, message)
    status, message = refusal(lambda: ask("float32", [tensor("x", "FP32", array, False)], parameters={"sequence_id": 1}))
    assert status == 400 and "sequence_id" in message, (status, message)


run_checks()
