"""Entry point: reads a request from stdin, writes verdicts to stdout, one a line; diagnostics go to stderr."""

from __future__ import annotations

import json
import os
import sys


def main() -> int:
    """0 when every finding got a verdict, 2 when the request or the installation is wrong."""
    # Needed before CUDA starts, for matrix products that give the same result twice.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        import torch

        from .protocol import BadRequest, parse, verdicts
    except ModuleNotFoundError as error:
        print(f'{error.name} is missing: pip install "difflint[runtime]"', file=sys.stderr)
        return 2
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Saturated activations leave gradients of 1e-40, with which a CPU computes a hundred times slower.
    torch.set_flush_denormal(True)
    # The networks are tiny. A second thread gains a quarter on an idle machine, costs eightfold on a busy one (threads
    # spin while they wait for each other), and changes the last digits.
    torch.set_num_threads(1)
    try:
        for verdict in verdicts(parse(sys.stdin.read())):
            print(json.dumps(verdict, allow_nan=False), flush=True)
    except BadRequest as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
