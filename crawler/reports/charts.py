"""Geometry of charts: where each bar and point lies, in the units of the drawing. How it is drawn is the template's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH, HEIGHT = 640, 220
LEFT, BOTTOM, TOP = 48, 28, 18
STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of one series."""

    series: str
    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A series over the x axis."""

    series: str
    points: tuple[tuple[float, float], ...]

    @property
    def path(self) -> str:
        """Value of ``points`` of a polyline."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything that is drawn; sizes are those of the view box."""

    width: float = WIDTH
    height: float = HEIGHT
    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    series: tuple[str, ...] = ()


def stacked_bar(parts: Sequence[tuple[str, float]]) -> Chart:
    """One bar over the whole width, a part for each series."""
    total = sum(value for _, value in parts) or 1
    boxes, x = [], 0.0
    for name, value in parts:
        width = WIDTH * value / total
        boxes.append(Box(series=name, label=f"{name}: {value:,.0f}", x=x, y=0, width=width, height=36))
        x += width
    return Chart(height=36, boxes=tuple(boxes), series=tuple(name for name, _ in parts))


def columns(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]]) -> Chart:
    """Stacked columns, one a label; series lie on one another in their order."""
    totals = [sum(values[at] for _, values in series) for at in range(len(labels))]
    top, y_ticks = _scale(max(totals, default=0))
    step = (WIDTH - LEFT) / max(len(labels), 1)
    width = min(step * 0.8, 64)
    boxes = []
    for at, label in enumerate(labels):
        base = float(HEIGHT - BOTTOM)
        for name, values in series:
            height = _span(values[at], top)
            base -= height
            text = f"{label}, {name}: {values[at]:,.0f}"
            x = LEFT + step * at + (step - width) / 2
            boxes.append(Box(series=name, label=text, x=x, y=base, width=width, height=height))
    x_ticks = _x_ticks(labels, lambda at: LEFT + step * (at + 0.5))
    return Chart(boxes=tuple(boxes), x_ticks=x_ticks, y_ticks=y_ticks, series=tuple(name for name, _ in series))


def lines(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], *, is_share: bool = True) -> Chart:
    """Lines over labels that are evenly apart; a single label gives points."""
    top, y_ticks = _scale(max((value for _, values in series for value in values), default=0), is_share=is_share)
    step = (WIDTH - LEFT - 16) / max(len(labels) - 1, 1)
    found = [
        Line(
            series=name,
            points=tuple((LEFT + step * at, HEIGHT - BOTTOM - _span(value, top)) for at, value in enumerate(values)),
        )
        for name, values in series
    ]
    x_ticks = _x_ticks(labels, lambda at: LEFT + step * at)
    return Chart(lines=tuple(found), x_ticks=x_ticks, y_ticks=y_ticks, series=tuple(name for name, _ in series))


def _span(value: float, top: float) -> float:
    return (HEIGHT - BOTTOM - TOP) * value / top


def _scale(highest: float, *, is_share: bool = False) -> tuple[float, tuple[Tick, ...]]:
    """The end of the y axis, and four or so round marks."""
    if highest <= 0:
        return 1.0, ()
    power = 10.0 ** (len(f"{highest:.0f}") - 1 if highest >= 1 else -len(f"{1 / highest:.0f}"))
    step = next(one * power / 4 for one in (*STEPS, 20, 40) if one * power >= highest)
    if not is_share and step < 1:
        step = 1.0
    count = -(-highest // step)
    marks = [step * number for number in range(int(count) + 1)]
    texts = [f"{mark * 100:g} %" if is_share else f"{mark:,.0f}" for mark in marks]
    top = marks[-1]
    at = [HEIGHT - BOTTOM - _span(mark, top) for mark in marks]
    return top, tuple(Tick(at=y, text=text) for y, text in zip(at, texts, strict=True))


def _x_ticks(labels: Sequence[str], place: Callable[[int], float]) -> tuple[Tick, ...]:
    """As many labels as there is room for, first and last among them."""
    every = max(1, -(-len(labels) // 7))
    return tuple(Tick(at=place(at), text=label) for at, label in enumerate(labels) if at % every == 0)
