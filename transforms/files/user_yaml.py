"""YAML that a user or a stranger has written: read within bounds of size, depth and of what its aliases unfold to.

Ten lines of aliases, each naming the line before ten times, are ten thousand million values: 601 bytes took 5 GB.
"""

from __future__ import annotations

from typing import Any

import yaml

YAML_CHARACTERS = 1 << 19  # of a file; PyYAML takes some seconds for so many
YAML_DEPTH = 64
YAML_UNFOLDED = 2_000_000  # characters and values, each counted as often as an alias names it


class TooMuchYamlError(yaml.MarkedYAMLError):
    """A document beyond the bounds; `problem` says which."""


def load_yaml(text: str) -> Any:
    """The values in `text`. Raises yaml.YAMLError for what is no YAML, TooMuchYamlError beyond the bounds."""
    if len(text) > YAML_CHARACTERS:
        raise TooMuchYamlError(problem=f"more than {YAML_CHARACTERS:,} characters; keep what is needed")
    loader = BoundedLoader(text)
    try:
        return loader.get_single_data()
    except (ValueError, OverflowError, RecursionError) as error:  # numbers and dates that are none
        raise yaml.YAMLError(f"a value that cannot be read ({type(error).__name__})") from error
    finally:
        loader.dispose()


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which counts before it makes values."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node and those in it. Raises TooMuchYamlError at too great a depth."""
        self.depth += 1
        if self.depth > YAML_DEPTH:
            raise TooMuchYamlError(
                problem=f"more than {YAML_DEPTH} levels deep; write it flatter",
                problem_mark=self.peek_event().start_mark,
            )
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def get_single_node(self) -> Any:
        """The document's node. Raises TooMuchYamlError where it unfolds to too much."""
        node = super().get_single_node()
        if node is not None:
            unfolded(node, {})
        return node


def unfolded(node: yaml.Node, known: dict[int, int]) -> int:
    """Characters and values in a node, each as often as an alias names it; `known`: those of other nodes by identity.

    Raises TooMuchYamlError beyond YAML_UNFOLDED, and for a node that holds itself.
    """
    if id(node) not in known:
        known[id(node)] = YAML_UNFOLDED  # until it is counted: within itself it is too much
        parts = [node.value] if isinstance(node, yaml.ScalarNode) else node.value
        inner = [one for part in parts for one in (part if isinstance(part, tuple) else (part,))]
        known[id(node)] = 1 + sum(unfolded(one, known) if isinstance(one, yaml.Node) else len(one) for one in inner)
    if known[id(node)] >= YAML_UNFOLDED:
        raise TooMuchYamlError(
            problem="its aliases (*name) unfold to too much; write values out, or use fewer of them",
            problem_mark=node.start_mark,
        )
    return known[id(node)]
