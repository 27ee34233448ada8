"""The runtime of difflint: reproduces a finding on a reference diffusion model, as a controlled experiment."""
