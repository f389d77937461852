"""What it takes: tokens, memory, time and money, to train a model and to run it.

Formulas with their sources, hardware and prices from a file people can edit, and
what a training run here measured in place of the formula where there is one.
``benchmarks/sizing.py`` holds the formulas against published measurements.
"""

from __future__ import annotations

from foretune.plan.sizing.costs import AnswerCost, answer_costs
from foretune.plan.sizing.estimate import ArmTokens, Sizing, TrainingSize, size
from foretune.plan.sizing.hardware import (
    HARDWARE,
    Hardware,
    known_hardware,
    named_hardware,
    read_hardware,
    this_machine,
)
from foretune.plan.sizing.inference import QUANTISATIONS, InferenceSize, inference_sizes, largest_that_fits
from foretune.plan.sizing.shape import ModelShape, shape_of_config, shape_of_gguf
from foretune.plan.sizing.training import Method, training_memory, training_seconds

__all__ = [
    "HARDWARE",
    "QUANTISATIONS",
    "AnswerCost",
    "ArmTokens",
    "Hardware",
    "InferenceSize",
    "Method",
    "ModelShape",
    "Sizing",
    "TrainingSize",
    "answer_costs",
    "inference_sizes",
    "known_hardware",
    "largest_that_fits",
    "named_hardware",
    "read_hardware",
    "shape_of_config",
    "shape_of_gguf",
    "size",
    "this_machine",
    "training_memory",
    "training_seconds",
]
