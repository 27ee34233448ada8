"""What stops difflint before it can report: each error is one line for the reader, and exit code 2."""

from __future__ import annotations


class DifflintError(Exception):
    """Base of every error that ends a run; its text is the one line that is shown."""


class ConfigError(DifflintError):
    """The configuration file cannot be read or holds a key or value that difflint does not know."""


class UnknownCode(DifflintError):
    """A rule code that no rule begins with was selected, ignored or asked about."""


class RuleError(DifflintError):
    """A rule file is broken, or a rule has no check."""


class ConfirmError(DifflintError):
    """Findings cannot be confirmed: the runtime is not installed or the findings file is not one."""
