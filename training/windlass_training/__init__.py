"""Trains the models that Windlass serves and writes them as bundles."""

__version__ = "0.1.0"
