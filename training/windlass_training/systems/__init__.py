"""The systems that can be trained, by the name that the command line takes."""

from windlass_training.system import System
from windlass_training.systems.bankchurn import BANKCHURN

SYSTEMS: dict[str, System] = {system.name: system for system in (BANKCHURN,)}
