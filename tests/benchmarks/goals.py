"""What was measured, against what was promised."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One promise: the figures behind it, the one number that counts, and its goal."""

    promise: str
    figures: str
    measured: float
    goal: float
    unit: str
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the promise is kept."""
        return self.measured >= self.goal if self.at_least else self.measured < self.goal


def table(results: list[Result]) -> str:
    """All results, one line each."""
    rows = [("promise", "figures", "measured", "goal", "met")]
    rows += [
        (
            one.promise,
            one.figures,
            f"{one.measured:.2f} {one.unit}",
            f"{'at least' if one.at_least else 'under'} {one.goal:g} {one.unit}",
            "yes" if one.is_met else "NO",
        )
        for one in results
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)
