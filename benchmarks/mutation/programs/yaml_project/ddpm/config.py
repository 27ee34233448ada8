from types import SimpleNamespace

import yaml


def to_namespace(node):
    if isinstance(node, dict):
        return SimpleNamespace(**{key: to_namespace(value) for key, value in node.items()})
    return node


def load_config(path):
    with open(path) as f:
        return to_namespace(yaml.safe_load(f))
