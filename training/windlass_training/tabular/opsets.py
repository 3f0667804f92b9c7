"""The operator sets that graphs are written in."""

# The newest that skl2onnx 1.20 writes; ONNX Runtime 1.30 takes up to 26. StringSplit is there from 20.
OPSETS = {"": 22, "ai.onnx.ml": 3}
IR_VERSION = 10
