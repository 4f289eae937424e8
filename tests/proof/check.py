"""Judgement of the short proof: "ok - " and "not ok - " lines.

In:  a judge.Judgement of a run with cycles first, last, observe, plain and lie. Out: lines; 1 if one was not ok.
Who: proof.py check, for tests/e2e/59-proof.sh.
"""

from collections import Counter

import judge as J
import results as R
import setups as S

SOON_S = 10  # half of --outcome-after of the short form (arena.py): so long a client may need to leave a connection
HOME_SHARE = 0.9  # of the moves, so many must end at home within their cycle


class Lines:
    def __init__(self):
        self.failed = 0

    def say(self, good, what):
        self.failed |= not good
        print("ok -" if good else "not ok -", what)


def promises(lines, judgement):
    """cells of enforce: nothing beyond the baseline, each set-up moved or with a reason"""
    for c in R.new_cells(judgement, ""):
        name = f"rezone {c['order']}, {c['library']}, {c['role']}, {c['settings']}"
        exempt = not S.sends_again(c["library"], c["role"], c["settings"])
        beyond = J.beyond_baseline(c)
        said = ", ".join(f"{n} {f}" for f, n in beyond.items()) or "nothing"
        lines.say(not beyond or exempt, f"{name}: {c['moves']} moves: {said} beyond the baseline")
        why = c["moves"] or c["let_go"] or c["kept"] or c["by_itself"]
        lines.say(bool(why), f"{name}: {c['moves']} moves, {c['let_go']} let go, kept: {c['kept'] or 'nobody'}, "
                                   f"home by itself: {c['by_itself']}")


def check_promises(judgement):
    """of a run without controls, and without one of the orders"""
    lines = Lines()
    promises(lines, judgement)
    arrivals(lines, judgement, sorted({m["order"] for m in judgement.moves}) or ("first",))
    return lines.failed


def arrivals(lines, judgement, orders=("first", "last")):
    for order in orders:
        moves = [m for m in judgement.moves if m["order"] == order and m["mode"] == "enforce"]
        home = [m for m in moves if m["seconds"] is not None]
        lines.say(len(moves) > 0 and len(home) >= HOME_SHARE * len(moves), f"rezone {order}: home after {len(home)} of {len(moves)} moves")


def outcomes(lines, judgement):
    """who is home soon has not returned, whatever idle connection it leaves behind"""
    soon = [m for m in judgement.moves if m["mode"] == "enforce" and m["seconds"] is not None and m["seconds"] < SOON_S and m["outcome"]]
    wrong = sum(m["outcome"] == "returned" for m in soon)
    lines.say(bool(soon) and not wrong, f"of {len(soon)} clients that were home within {SOON_S} s {wrong} are counted as returned")


def controls(lines, judgement):
    """the judge sees what it must, where it is done on purpose"""
    for mode, wanted in (("plain", ("doubled", "generations", "errors")), ("lie", ("lost",))):
        seen = Counter()
        for c in judgement.cells:
            if c["mode"] == mode:
                seen.update({f: c["up_" + f] for f in J.FAULTS})
        for fault in wanted:
            lines.say(seen[fault] > 0, f"control {mode}: {seen[fault]} {fault} are seen")


def check_controls(judgement):
    lines = Lines()
    controls(lines, judgement)
    return lines.failed


def parked(lines, run):
    """of a run in which all were to be parked before they are moved: they were, and were moved"""
    for c in run["cycles"] if run and run["parked"] else ():
        if c["order"] != "-":
            lines.say(c["parked"] and c["parked_moved"],
                      f"rezone {c['order']}: {c['parked']} connections were parked, {c['parked_moved']} of these were moved")


def check(judgement, run=None):
    lines = Lines()
    parked(lines, run)
    promises(lines, judgement)
    arrivals(lines, judgement)
    outcomes(lines, judgement)
    controls(lines, judgement)
    return lines.failed
