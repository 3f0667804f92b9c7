"""What the model looks at, a picture, and what it tells apart."""

LABELS = ("Healthy", "Powdery", "Rust")
SIDE = 256
"""Pixels of the square that every picture becomes."""
