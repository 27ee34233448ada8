"""The pipeline card: ``cards(facts)`` tells, line by line, what a project trains and samples."""

from __future__ import annotations

from difflint.card import Card, CardLine
from difflint.facts.cards.make import cards

__all__ = ["Card", "CardLine", "cards"]
