"""Figures against their targets, one line each."""
import statistics
from typing import NamedTuple


class Line(NamedTuple):
    what: str
    ours: str
    yardstick: str
    ratio: float  # what the target is about
    least: float = None
    most: float = None

    def target(self):
        if self.least is not None:
            return f">= {self.least:g}"
        return f"<= {self.most:g}" if self.most is not None else ""

    def verdict(self):
        if self.least is not None:
            return "met" if self.ratio >= self.least else "MISSED"
        if self.most is not None:
            return "met" if self.ratio <= self.most else "MISSED"
        return ""


def median(results, member):
    return statistics.median(result[member] for result in results)


def print_lines(lines):
    form = "{:<50}{:>14}{:>26}{:>10}{:>10}  {}"
    print(form.format("", "ours", "yardstick", "ratio", "target", ""))
    for line in lines:
        ratio = f"{line.ratio:.2f}" if line.ratio < 100 else f"{line.ratio:.0f}"
        print(form.format(line.what, line.ours, line.yardstick, ratio, line.target(),
                          line.verdict()))
