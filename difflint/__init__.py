"""difflint: a linter and a runtime for the numerics of diffusion models."""

__version__ = "0.1.0"
