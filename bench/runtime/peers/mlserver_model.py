"""MLServer with a runtime of ONNX Runtime's own, as its documentation has custom runtimes written."""

import numpy as np
import onnxruntime as ort
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(self._settings.parameters.uri, options, providers=["CPUExecutionProvider"])
        self._names = [output.name for output in self._session.get_outputs() if output.name != "label"]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feeds = {}
        for tensor in payload.inputs:
            if tensor.datatype == "BYTES":
                texts = StringCodec.decode_input(tensor)
                feeds[tensor.name] = np.array(texts, dtype=object).reshape(tensor.shape)
            else:
                feeds[tensor.name] = NumpyCodec.decode_input(tensor)
        outputs = self._session.run(self._names, feeds)
        return InferenceResponse(
            model_name=self.name,
            outputs=[NumpyCodec.encode_output(name, output) for name, output in zip(self._names, outputs, strict=True)],
        )
