"""One check a file: ``check(facts)`` yields the problems of one rule."""
