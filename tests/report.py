#!/usr/bin/env python3
"""Reads what the test programs reported and prints the slowest tests. With --shares, fails when a class takes more than its share.

Usage: report.py [--shares] REPORT.xml...

A class may take a share of its suite's time, not a number of seconds: shares are the same on a slow machine. CONTRIBUTING.md says
how much time each suite may take, and so what a share is worth.
"""

import collections
import sys
import xml.etree.ElementTree

SLOWEST = 10

# In per cent of the suite's time in sum. A class that needs more is split, made quicker, or gets a long form.
MOST = {"Client": 60, "Server": 7, "EndToEnd": 16}


def read(path):
    """The tests of a report as (seconds, class, name)."""
    for test in xml.etree.ElementTree.parse(path).getroot().iter("test"):
        yield float(test.get("time")), test.get("type"), test.get("name")


def main(arguments):
    everything, wrong = [], []
    for path in (argument for argument in arguments if argument != "--shares"):
        suite = path.rsplit("/", 1)[-1].removesuffix(".xml")
        try:
            tests = list(read(path))
        except FileNotFoundError:
            # Nothing of it was chosen, or it crashed, and that has been counted.
            continue
        everything += tests
        whole = sum(seconds for seconds, _, _ in tests)
        classes = collections.Counter()
        for seconds, name, _ in tests:
            classes[name] += seconds
        for name, seconds in classes.most_common():
            if seconds * 100 > whole * MOST[suite]:
                wrong.append(f"{name} takes {seconds * 100 / whole:.1f} % of the {suite} suite's time; a class may take {MOST[suite]} % (CONTRIBUTING.md).")

    print(f"\nThe {SLOWEST} slowest tests")
    for seconds, _, name in sorted(everything, reverse=True)[:SLOWEST]:
        print(f"{seconds:7.1f} s  {name[:150]}")
    if "--shares" not in arguments:
        return 0
    for line in wrong:
        print(f"failed: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
