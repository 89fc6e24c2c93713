"""One row of the table of benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = f"{'what':<58} {'product':>12} {'floor':>12} {'ratio':>7} {'goal':>7}"


@dataclass(slots=True)
class Figure:
    """One row of the table: product and floor in seconds for `units` things, and the goal as a ratio."""

    name: str
    product: float
    floor: float
    goal: float
    units: int = 1
    peak: int = 0
    """Largest resident size of the process when the product was through, in MiB; 0: not asked."""

    def line(self) -> str:
        ratio = self.product / self.floor
        verdict = "" if ratio <= self.goal else f"  MISSED by {ratio / self.goal:.1f} ×"
        peak = f"  peak {self.peak} MiB" if self.peak else ""
        product, floor = (_shown(seconds / self.units) for seconds in (self.product, self.floor))
        return f"{self.name:<58} {product:>12} {floor:>12} {ratio:7.2f} ≤ {self.goal:<5g}{verdict}{peak}"


def _shown(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.1f} µs"
