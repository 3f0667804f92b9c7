"""ONNX Runtime, as training asks it."""

import onnxruntime


def open_session(graph: bytes) -> onnxruntime.InferenceSession:
    """On one thread: the same bits on every run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
