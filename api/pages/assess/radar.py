"""The radar of the four 高 and the environment as places in an SVG; drawn by the template."""

from __future__ import annotations

import math
from dataclasses import dataclass

from api.pages.assess.verdict_view import FULL, Axis

CENTRE_X, CENTRE_Y, RADIUS = 200, 165, 110


@dataclass(frozen=True, slots=True)
class Spoke:
    """One axis: where it ends, where its value and its name stand."""

    axis: Axis
    end: tuple[float, float]
    at: tuple[float, float] | None
    label: tuple[float, float]
    anchor: str


@dataclass(frozen=True, slots=True)
class Radar:
    """The figure: rings at half, once and twice the floor; ``area`` where every axis is known."""

    spokes: tuple[Spoke, ...]
    rings: tuple[tuple[str, str], ...]
    area: str
    centre: tuple[int, int]


def _point(angle: float, share: float) -> tuple[float, float]:
    x = CENTRE_X + RADIUS * share * math.sin(angle)
    y = CENTRE_Y - RADIUS * share * math.cos(angle)
    return round(x, 1), round(y, 1)


def _path(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def radar_of(axes: tuple[Axis, ...]) -> Radar:
    """Lay the axes out, clockwise from the top."""
    angles = [2 * math.pi * i / max(len(axes), 1) for i in range(len(axes))]
    spokes = []
    for axis, angle in zip(axes, angles, strict=True):
        share = float(axis.ratio / FULL) if axis.ratio is not None else None
        side = math.sin(angle)
        anchor = "middle" if abs(side) < 0.1 else "start" if side > 0 else "end"
        spokes.append(
            Spoke(
                axis=axis,
                end=_point(angle, 1),
                at=None if share is None else _point(angle, share),
                label=_point(angle, 1.16),
                anchor=anchor,
            )
        )
    rings = tuple(
        (k, _path([_point(a, s) for a in angles]))
        for k, s in (("half", 0.25), ("floor", 0.5), ("full", 1))
    )
    known = [s.at for s in spokes if s.at is not None]
    area = _path(known) if len(known) == len(spokes) else ""
    return Radar(tuple(spokes), rings, area, (CENTRE_X, CENTRE_Y))
