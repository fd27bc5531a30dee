"""Masks on hint layers and on groups around them keep what is painted inside."""

from __future__ import annotations

from typing import Any

import numpy as np
from handtint import fences, nodes
from handtint.qt import QtCore
from pictures import (
    HEIGHT,
    RECT,
    WIDTH,
    colorize,
    document,
    hint_layer,
    paint,
    photo,
    read,
    transparency_mask,
)

from krita import Selection

RED, GREEN, BLUE = (40, 40, 200, 255), (60, 160, 40, 255), (200, 60, 40, 255)  # B, G, R, A


def changed(made: Any, node: Any, before: np.ndarray) -> np.ndarray:
    """(h, w) where the colors are others than before."""
    return (read(colorize(made, node)) != before).any(axis=-1)


def box(x: int, y: int, width: int, height: int) -> np.ndarray:
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[y : y + height, x : x + width] = True
    return inside


def only_inside(found: np.ndarray, inside: np.ndarray) -> None:
    assert not found[~inside].any(), "it colors what lies outside"
    assert found[inside].mean() > 0.25, found[inside].mean()


def case_a_mask_fences_a_hint_layer():
    made = document()
    node = photo(made)
    before = read(colorize(made, node))
    layer = hint_layer(made, node)
    paint(made, layer, (20, 20, 20, 20), RED)
    assert changed(made, node, before)[:, 48:].any()
    mask = transparency_mask(made, layer, "Lasso", (0, 0, 48, HEIGHT))
    if mask is None:
        return
    only_inside(changed(made, node, before), box(0, 0, 48, HEIGHT))
    mask.setVisible(False)
    assert changed(made, node, before)[:, 48:].any(), "a hidden mask fences"


def case_a_groups_mask_fences_what_lies_in_it():
    made = document()
    node = photo(made)
    other = hint_layer(made, node)
    paint(made, other, (4, 60, 12, 10), GREEN)
    before = read(colorize(made, node))
    group = made.createGroupLayer("Lasso")
    made.rootNode().addChildNode(group, None)
    for color, x in ((RED, 52), (BLUE, 76)):
        layer = hint_layer(made, node, group=group)
        paint(made, layer, (x, 30, 12, 12), color)
    if transparency_mask(made, group, "Lasso", (48, 20, 48, 40)) is None:
        return
    after = read(colorize(made, node))
    only_inside((after != before).any(axis=-1), box(48, 20, 48, 40))
    assert after[36, 58, 2] > after[36, 58, 0]
    assert after[36, 82, 0] > after[36, 82, 2]


def case_what_was_painted_last_counts():
    made = document()
    node = photo(made)
    group = made.createGroupLayer("Lasso")
    made.rootNode().addChildNode(group, None)
    first, between, last = (hint_layer(made, node, group=group) for _ in range(3))
    paint(made, first, (4, 4, 12, 12), RED)
    paint(made, between, (52, 30, 12, 12), BLUE)
    paint(made, last, (76, 30, 12, 12), GREEN)
    if transparency_mask(made, group, "Lasso", RECT) is None:
        return
    transparency_mask(made, between, "right", (48, 0, 48, HEIGHT))
    hints = nodes.target(made, node).hints
    _, found = fences.split(hints, node, RECT)
    assert [[nodes.uid(layer) for layer in fence.layers] for fence in found] == [
        [nodes.uid(between)],
        [nodes.uid(first), nodes.uid(last)],
    ], "what lies inside the same masks lies where its last layer does"


def case_a_soft_mask_in_a_mask():
    made = document()
    node = photo(made)
    before = read(colorize(made, node)).astype(int)
    layer = hint_layer(made, node)
    paint(made, layer, (30, 30, 20, 20), RED)
    mask = transparency_mask(made, layer, "half", RECT)
    if mask is None:
        return
    whole = read(colorize(made, node)).astype(int)
    mask.setPixelData(QtCore.QByteArray(bytes([128]) * (WIDTH * HEIGHT)), *RECT)
    transparency_mask(made, layer, "left", (0, 0, 60, HEIGHT))
    made.waitForDone()
    half = read(colorize(made, node)).astype(int)
    assert (half[:, 60:] == before[:, 60:]).all()
    full, part = ((x - before)[30:50, 30:50, 2].mean() for x in (whole, half))
    assert 0.35 * full < part < 0.65 * full, (full, part)


def case_a_mask_around_photo_and_hints_is_no_fence():
    made = document()
    group = made.createGroupLayer("All")
    made.rootNode().addChildNode(group, None)
    node = photo(made)
    node.remove()
    group.addChildNode(node, None)
    layer = hint_layer(made, node, group=group)
    paint(made, layer, (20, 20, 20, 20), RED)
    before = read(colorize(made, node))
    if transparency_mask(made, group, "left", (0, 0, 48, HEIGHT)) is not None:
        assert fences.masks_around(layer, node) == []
        assert not changed(made, node, before).any()


def case_a_mask_that_lets_nothing_through():
    made = document()
    node = photo(made)
    before = read(colorize(made, node))
    layer = hint_layer(made, node)
    paint(made, layer, (20, 20, 20, 20), RED)
    if transparency_mask(made, layer, "nothing", (200, 200, 5, 5)) is not None:
        assert not changed(made, node, before).any()


def case_new_hints_layer_of_a_selection():
    made = document()
    if not hasattr(made, "createTransparencyMask"):
        return
    node = photo(made)
    first = hint_layer(made, node)
    chosen = Selection()
    chosen.select(20, 10, 30, 40, 255)
    made.setSelection(chosen)
    goal = nodes.target(made, node)
    assert nodes.uid(fences.hints_for(goal, None)) == nodes.uid(first)
    assert fences.hints_for(goal, chosen) is None, "the other layer is not fenced"
    before = read(colorize(made, node, use_selection=False))
    layer = hint_layer(made, node)
    fences.fence(made, layer, chosen)
    made.waitForDone()
    same = fences.hints_for(nodes.target(made, node), chosen)
    assert nodes.uid(same) == nodes.uid(layer)
    paint(made, layer, (30, 20, 10, 10), BLUE)
    made.setSelection(None)
    only_inside(changed(made, node, before), box(20, 10, 30, 40))
