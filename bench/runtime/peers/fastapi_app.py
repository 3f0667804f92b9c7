"""FastAPI with ONNX Runtime, written as its users write it. MODEL names the graph."""

import io
import os
from datetime import datetime

import numpy as np
from churn import open_session, predict
from fastapi import FastAPI, File, UploadFile
from PIL import Image, ImageOps
from pydantic import BaseModel, Field

app = FastAPI()
session = open_session(os.environ["MODEL"])
output_names = [output.name for output in session.get_outputs()]
LABELS = ("red", "green", "blue")


class Customer(BaseModel):
    CreditScore: int = Field(ge=300, le=850)
    Geography: str
    Gender: str
    Age: int = Field(ge=18, le=100)
    Tenure: float | None = None
    Balance: float = Field(ge=0)
    NumOfProducts: int = Field(ge=1, le=4)
    HasCrCard: int = Field(ge=0, le=1)
    IsActiveMember: int = Field(ge=0, le=1)
    EstimatedSalary: float = Field(ge=0)


class Churn(BaseModel):
    churn_probability: float
    churn_prediction: int
    risk_level: str
    confidence: float
    model_version: str
    prediction_timestamp: datetime


class Customers(BaseModel):
    customers: list[Customer] = Field(max_length=1000)


class Churns(BaseModel):
    predictions: list[Churn]


class Tensor(BaseModel):
    name: str
    datatype: str
    shape: list[int]
    data: list[float]


class InferRequest(BaseModel):
    inputs: list[Tensor]


class InferResponse(BaseModel):
    model_name: str
    outputs: list[Tensor]


@app.post("/predict")
async def predict_one(customer: Customer) -> Churn:
    return Churn(**predict(session, [customer.model_dump()])[0])


@app.post("/predict_batch")
async def predict_batch(body: Customers) -> Churns:
    rows = [customer.model_dump() for customer in body.customers]
    return Churns(predictions=[Churn(**answer) for answer in predict(session, rows)])


@app.post("/v2/models/model/infer")
async def infer(body: InferRequest) -> InferResponse:
    feeds = {tensor.name: np.asarray(tensor.data, dtype=np.float32).reshape(tensor.shape) for tensor in body.inputs}
    outputs = session.run(output_names, feeds)
    return InferResponse(
        model_name="model",
        outputs=[
            Tensor(name=name, datatype="FP32", shape=list(output.shape), data=output.ravel().tolist())
            for name, output in zip(output_names, outputs, strict=True)
        ],
    )


@app.post("/image")
async def image(file: UploadFile = File()) -> dict:  # noqa: B008
    """One picture: turned as its EXIF says, RGB, resized to what the graph takes, one row of it."""
    _, height, width, _ = session.get_inputs()[0].shape
    with Image.open(io.BytesIO(await file.read())) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
    (probabilities,) = session.run(output_names, {session.get_inputs()[0].name: np.asarray(picture)[np.newaxis]})
    index = int(probabilities[0].argmax())
    return {"prediction": LABELS[index], "confidence": float(probabilities[0, index])}


@app.get("/v2/health/ready")
async def ready() -> dict:
    return {"ready": True}
