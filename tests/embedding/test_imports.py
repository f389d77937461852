"""Importing the package costs nothing."""

from __future__ import annotations

import subprocess
import sys


def test_naming_the_embedder_loads_no_onnxruntime() -> None:
    code = "import sys, foretune.embedding; print(*{'onnxruntime', 'onnx', 'tokenizers', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
