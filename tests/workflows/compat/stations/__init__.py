"""A package beside the workflow: PEs in one module, what they use in another."""

from .pes import Calibrate, Locate

__all__ = ["Calibrate", "Locate"]
