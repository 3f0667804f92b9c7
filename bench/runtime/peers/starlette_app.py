"""Starlette with ONNX Runtime, written as its users write it. MODEL names the graph."""

import os

import numpy as np
from churn import open_session, predict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

session = open_session(os.environ["MODEL"])
output_names = [output.name for output in session.get_outputs()]


async def predict_one(request: Request) -> JSONResponse:
    row = await request.json()
    return JSONResponse(predict(session, [row])[0])


async def predict_batch(request: Request) -> JSONResponse:
    body = await request.json()
    return JSONResponse({"predictions": predict(session, body["customers"])})


async def infer(request: Request) -> JSONResponse:
    body = await request.json()
    feeds = {
        tensor["name"]: np.asarray(tensor["data"], dtype=np.float32).reshape(tensor["shape"])
        for tensor in body["inputs"]
    }
    outputs = session.run(output_names, feeds)
    return JSONResponse(
        {
            "model_name": "model",
            "outputs": [
                {"name": name, "datatype": "FP32", "shape": list(output.shape), "data": output.ravel().tolist()}
                for name, output in zip(output_names, outputs, strict=True)
            ],
        }
    )


async def ready(_request: Request) -> JSONResponse:
    return JSONResponse({"ready": True})


app = Starlette(
    routes=[
        Route("/predict", predict_one, methods=["POST"]),
        Route("/predict_batch", predict_batch, methods=["POST"]),
        Route("/v2/models/model/infer", infer, methods=["POST"]),
        Route("/v2/health/ready", ready),
    ]
)
