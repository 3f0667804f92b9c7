"""Drift between two sets of data, by the same rule as the runtime's /drift (docs/drift.md)."""
