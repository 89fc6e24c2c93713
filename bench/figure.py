"""One row of the table of benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = f"{'what':<58} {'product':>12} {'floor':>12} {'ratio':>7} {'goal':>7}"


@dataclass(slots=True)
class Figure:
    """
    One row of the table: product and floor in seconds for `units` things, or in MiB, and the goal as a ratio.
    """

    name: str
    product: float
    floor: float
    goal: float
    units: int = 1
    peak: int = 0
    """Largest resident size of the process when the product was through, in MiB; 0: not asked."""
    memory: bool = False
    """Product and floor are MiB."""

    def line(self) -> str:
        ratio = self.product / self.floor
        verdict = "" if ratio <= self.goal else f"  MISSED by {ratio / self.goal:.1f} ×"
        peak = f"  peak {self.peak} MiB" if self.peak else ""
        product, floor = map(self._shown, (self.product, self.floor))
        return f"{self.name:<58} {product:>12} {floor:>12} {ratio:7.2f} ≤ {self.goal:<5g}{verdict}{peak}"

    def _shown(self, measured: float) -> str:
        if self.memory:
            return f"{measured:.0f} MiB"
        seconds = measured / self.units
        return f"{seconds * 1e3:.2f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.1f} µs"
