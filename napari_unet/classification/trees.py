"""Boosted decision trees as plain arrays: they are saved as tensors, and no code runs as they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_unet.labels.types import Array, Doubles, Floats, Ints


@dataclass(frozen=True, eq=False)
class Trees:
    """All trees end to end. `roots` (trees,) are their first nodes, `owner` (trees,) the output that each adds to.

    Node i asks whether feature `feature[i]` is at most `threshold[i]`, and goes on `left` or `right`; where `left` is
    -1 it is a leaf, which says `value[i]`. `start` (outputs,) is what the outputs begin with.
    """

    feature: Ints
    threshold: Doubles
    left: Ints
    right: Ints
    value: Doubles
    roots: Ints
    owner: Ints
    start: Doubles

    def scores(self, values: Floats) -> Doubles:
        """(objects, features) -> (objects, outputs), to be made into probabilities."""
        found = np.tile(self.start, (len(values), 1))
        rows = np.arange(len(values))
        for root, owner in zip(self.roots, self.owner, strict=True):
            nodes = np.full(len(values), root)
            while (inner := self.left[nodes] >= 0).any():
                low = values[rows, self.feature[nodes]] <= self.threshold[nodes]
                nodes = np.where(inner, np.where(low, self.left[nodes], self.right[nodes]), nodes)
            found[:, owner] += self.value[nodes]
        return found

    def tensors(self) -> dict[str, Array]:
        """The arrays by name."""
        return {f"trees.{name}": value for name, value in vars(self).items()}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Array]) -> Trees:
        """Of `tensors`."""
        return cls(**{name.removeprefix("trees."): value for name, value in tensors.items()})


def trees_of(boosted: Any) -> Trees:
    """The trees of a fitted `sklearn.ensemble.GradientBoostingClassifier`; of two classes it has one output."""
    nodes: dict[str, list[Array]] = {name: [] for name in ("feature", "threshold", "left", "right", "value")}
    roots, owners, offset = [], [], 0
    for stage in boosted.estimators_:
        for owner, one in enumerate(stage):
            tree = one.tree_
            roots.append(offset)
            owners.append(owner)
            for name, column in (("left", tree.children_left), ("right", tree.children_right)):
                nodes[name].append(np.where(column >= 0, column + offset, -1))
            nodes["feature"].append(np.maximum(tree.feature, 0))
            nodes["threshold"].append(tree.threshold)
            nodes["value"].append(boosted.learning_rate * tree.value[:, 0, 0])
            offset += tree.node_count
    joined = {name: np.concatenate(parts) for name, parts in nodes.items()}
    prior = np.asarray(boosted.init_.class_prior_, np.float64)
    start = np.log(prior[1:] / prior[:1]) if len(prior) == 2 else np.log(prior)
    return Trees(
        joined["feature"].astype(np.int64), joined["threshold"], joined["left"].astype(np.int64),
        joined["right"].astype(np.int64), joined["value"], np.array(roots), np.array(owners), start,
    )  # fmt: skip
