"""What models over tables have in common: features, data checks, ONNX export, reference bins, golden answers."""
