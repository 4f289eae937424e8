#!/usr/bin/env python3
"""The judge, on logs made by hand: each kind of fault is found, by the move it belongs to; a clean run has none.

Who: make proof-test (scripts/check).
"""

import contextlib
import io
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import check  # noqa: E402
import judge as J  # noqa: E402
import results as R  # noqa: E402
import setups as S  # noqa: E402
import table  # noqa: E402

A, HOME, C = 1, 2, 3  # agents
WRITER = S.Setup("java.write.default", "java", "write", "default", 2, "java.write.default")
GROUP = S.Setup("java.group.default", "java", "group", "default", 2, S.FEED)
FIRST, SECOND = (WRITER.name, 1), (WRITER.name, 2)


def written(t, agent, offset, id, who=FIRST, conn="x:1"):
    """one record, read, executed, standing in its topic and acknowledged"""
    topic, part = WRITER.topic, who[1] - 1
    return dict(requests=[J.Request(t, agent, conn, who)], produced=[J.Produced(t, agent, conn, who, topic, part, offset, 1)],
                records=[J.Record(topic, part, offset, id)], acked=[J.Acked(t + 0.1, who, id)])


def moved(t, who=FIRST, agent=A, cookie=7, held=0.0):
    return J.Move(t, t - held, "a-1", cookie, "x:1", agent, who, "hold, reset" if held else "gap, reset")


def run(*parts, **more):
    """a run of one cycle with home from 100 to 200, and one of mode observe from 300 to 400"""
    cycles = [J.Cycle(0, "first", "enforce", 100, 200), J.Cycle(1, "-", "observe", 300, 400)]
    fields = dict.fromkeys(("moves", "requests", "produced", "records", "acked", "errors", "generations", "kept", "let_go", "at_home"))
    fields = {k: list(more.get(k, [])) for k in fields}
    for p in parts:
        for k, v in p.items():
            fields[k] += v
    return J.Run(topology=2, setups=[WRITER, GROUP], cycles=cycles, outcomes=more.get("outcomes", {}), **fields)


def clean(*parts, **more):
    """a client that writes at the old agent, is moved at 110, and writes at home"""
    return run(written(105, A, 0, "r0"), written(111, HOME, 1, "r1", conn="x:2"), written(112, HOME, 2, "r2", conn="x:2"), *parts,
               **({"moves": [moved(110)], "outcomes": {("a-1", 7): "left"}} | more))


def cell(judgement, setup=WRITER, mode="enforce"):
    return next(c for c in judgement.cells if (c["role"], c["mode"]) == (setup.role, mode))


def counts(row):
    return {f: row[f] for f in J.FAULTS if row[f]}


class Clean(unittest.TestCase):
    def test_no_faults(self):
        j = J.judge(clean())
        self.assertEqual(counts(cell(j)), {})
        self.assertEqual([counts(m) for m in j.moves], [{}])

    def test_the_move(self):
        m = J.judge(clean()).moves[0]
        self.assertEqual((m["next"], m["seconds"], m["outcome"], m["how"], m["client"]), ("home", 1.0, "left", "gap, reset", 1))
        self.assertEqual((m["at_old"], m["at_other"]), (0, 0))

    def test_nothing_happened(self):
        j = J.judge(run())
        self.assertEqual(j.moves, [])
        self.assertEqual(len(j.cells), 4)  # two set-ups, two modes


class Where(unittest.TestCase):
    def test_over_the_old_agent(self):
        m = J.judge(clean(written(110.2, A, 3, "r3", conn="x:9"), written(110.4, C, 4, "r4", conn="x:8"))).moves[0]
        self.assertEqual((m["next"], m["at_old"], m["at_other"], m["seconds"]), ("old", 1, 1, 1.0))

    def test_an_old_connection_is_no_new_one(self):
        """the client's other connection to the old agent goes on for a moment: it is not where it connected next"""
        m = J.judge(clean(written(104, A, 3, "r3", conn="x:9"), written(110.5, A, 4, "r4", conn="x:9"))).moves[0]
        self.assertEqual((m["next"], m["at_old"]), ("home", 1))

    def test_home_and_away_again(self):
        m = J.judge(clean(written(150, A, 3, "r3", conn="x:9"), written(160, HOME, 4, "r4", conn="x:2"))).moves[0]
        self.assertEqual(m["seconds"], 50.0)

    def test_only_until_home(self):
        """what is executed elsewhere after it was home is not on its way"""
        late = written(150, A, 3, "r3", conn="x:9")
        late["requests"] = []
        m = J.judge(clean(late)).moves[0]
        self.assertEqual((m["at_old"], m["seconds"]), (0, 1.0))

    def test_never_home(self):
        m = J.judge(clean(written(199, C, 3, "r3", conn="x:9"))).moves[0]
        self.assertIsNone(m["seconds"])


class Faults(unittest.TestCase):
    def one(self, j, fault, n=1):
        self.assertEqual(counts(cell(j)), {fault: n})
        self.assertEqual([counts(m) for m in j.moves], [{fault: n}])

    def test_doubled(self):
        again = written(113, HOME, 3, "r1")
        again["acked"] = []
        self.one(J.judge(clean(again)), "doubled")

    def test_doubled_by_nobody(self):
        """a record that stands twice while home is away belongs to no move"""
        again = written(250, A, 3, "r1")
        j = J.judge(clean(again))
        self.assertEqual(counts(cell(j)), {})
        self.assertEqual(cell(j)["other_doubled"], 1)

    def test_doubled_before_the_move(self):
        again = written(107, A, 3, "r0")
        j = J.judge(clean(again))
        self.assertEqual((cell(j)["doubled"], cell(j)["other_doubled"], cell(j)["up_doubled"]), (0, 1, 1))

    def test_doubled_in_a_hold(self):
        """while requests are held back is after the begin of the move"""
        j = J.judge(clean(written(108, A, 3, "r0"), moves=[moved(110, held=3)]))
        self.one(j, "doubled")

    def test_doubled_in_observe(self):
        j = J.judge(clean(written(310, A, 3, "r1")))
        self.assertEqual((cell(j)["doubled"], cell(j, mode="observe")["up_doubled"]), (0, 1))
        self.assertEqual(list(R.new_cells(j, "x"))[0]["baseline_doubled"], 1)

    def test_lost(self):
        gone = written(115, HOME, 3, "r3")
        gone["records"] = []
        self.one(J.judge(clean(gone)), "lost")

    def test_not_acknowledged_is_not_lost(self):
        gone = written(115, HOME, 3, "r3")
        gone["records"], gone["acked"] = [], []
        self.assertEqual(counts(cell(J.judge(clean(gone)))), {})

    def test_error(self):
        self.one(J.judge(clean(errors=[J.Error(110.5, FIRST, "broker not connected")])), "errors")

    def test_error_of_another_client(self):
        """client 2 was not moved: it is no fault of rezone's"""
        j = J.judge(clean(errors=[J.Error(110.5, SECOND, "timeout")]))
        self.assertEqual((cell(j)["errors"], cell(j)["other_errors"]), (0, 1))

    def test_a_hold_without_a_move(self):
        """is an act; a wait that held nothing is none"""
        for held, errors in ((True, 1), (False, 0)):
            j = J.judge(clean(errors=[J.Error(121, SECOND, "timeout")], let_go=[J.LetGo(120, 117, SECOND, held)]))
            self.assertEqual((cell(j)["errors"], [counts(m) for m in j.moves]), (errors, [{}]))

    def test_the_latest_move_has_it(self):
        j = J.judge(clean(moves=[moved(110), moved(150, cookie=8)], errors=[J.Error(151, FIRST, "timeout")]))
        self.assertEqual([counts(m) for m in j.moves], [{}, {"errors": 1}])

    def test_a_move_of_an_earlier_cycle(self):
        """has no part in what happens in the next"""
        j = J.judge(clean(errors=[J.Error(310, FIRST, "timeout")]))
        self.assertEqual((counts(j.moves[0]), cell(j, mode="observe")["up_errors"]), ({}, 1))

    def test_generation(self):
        seen = [J.Generation(90, GROUP.name, 1), J.Generation(115, GROUP.name, 2)]
        j = J.judge(clean(moves=[moved(110, who=(GROUP.name, 2))], generations=seen))
        self.assertEqual(counts(cell(j, GROUP)), {"generations": 1})
        self.assertEqual(counts(j.moves[0]), {"generations": 1})

    def test_generation_told_twice(self):
        seen = [J.Generation(90, GROUP.name, 1), J.Generation(115, GROUP.name, 1)]
        self.assertEqual(counts(cell(J.judge(clean(generations=seen)), GROUP)), {})


class Cells(unittest.TestCase):
    def test_kept(self):
        j = J.judge(clean(kept=[J.Kept(0, SECOND, "may come by itself")], let_go=[J.LetGo(120, 119, SECOND, False)]))
        self.assertEqual((cell(j)["kept"], cell(j)["let_go"]), ({"may come by itself": 1}, 1))

    def test_by_itself(self):
        j = J.judge(clean(at_home=[J.AtHome(0, FIRST), J.AtHome(0, SECOND)]))
        self.assertEqual(cell(j)["by_itself"], 1)  # client 1 was moved

    def baseline(self, n, cycles, base, base_cycles):
        row = dict.fromkeys([x + f for x in ("", "baseline_") for f in J.FAULTS], 0)
        return J.beyond_baseline(row | dict(errors=n, cycles=cycles, baseline_errors=base, baseline_cycles=base_cycles))

    def test_beyond_baseline(self):
        self.assertEqual(self.baseline(0, 4, 0, 2), {})
        self.assertEqual(self.baseline(1, 4, 0, 2), {"errors": 1})
        self.assertEqual(self.baseline(4, 4, 2, 2), {})
        self.assertEqual(self.baseline(5, 4, 2, 2), {"errors": 5})
        self.assertEqual(self.baseline(1, 4, 0, 0), {"errors": 1})

    def test_merge(self):
        """two runs of one cell"""
        new = list(R.new_cells(J.judge(clean(kept=[J.Kept(0, SECOND, "acks=0")])), "x"))[0] | {"load": 3}
        both = R.merge(R.merge(new, new), new)
        self.assertEqual((both["cycles"], both["chances"], both["baseline_cycles"], both["kept"]), (3, 6, 3, "acks=0=3"))

    def test_unpack(self):
        self.assertEqual(R.unpack(R.pack(R.Counter({"acks=0": 2, "b": 1}))), R.Counter({"acks=0": 2, "b": 1}))

    def cells(self, rezone, errors):
        c = list(R.new_cells(J.judge(clean(errors=[J.Error(111, FIRST, "x")] * errors)), rezone))
        for row in c:
            row.update(R.of_moves([]), version="4", load=1)
        return c, [m | {"rezone": rezone} for m in J.judge(clean()).moves]

    def test_tables(self):
        cells, moves = self.cells("x", 1)
        made = table.tables(cells, moves)
        self.assertIn("| Java 4 | write, default | 2 | first | 0 | 1 errors |", made["after-faults"])
        self.assertEqual(made["before-faults"], "None.")
        self.assertEqual(table.replace("a <!-- proof:after-faults -->old<!-- end proof --> b", {"after-faults": "new"}),
                         "a <!-- proof:after-faults -->\nnew\n<!-- end proof --> b")

    def test_the_latest_rezone_has_the_cell(self):
        old, new = self.cells("x", 1), self.cells("y", 0)
        made = table.tables(old[0] + new[0], old[1] + new[1])
        self.assertEqual(made["after-faults"], "None.")
        self.assertIn("| x | 2 | 0 | 1 | 0 | 0 | 0 | 1 | 1 |", made["series"])

    def test_before(self):
        cells, moves = self.cells(table.BEFORE, 1)
        made = table.tables(cells, moves)
        self.assertEqual(made["after-faults"], "None.")
        self.assertIn("1 errors", made["before-faults"])


class Check(unittest.TestCase):
    """what the short form says of a run; `bad`: of its lines, those that are not ok"""

    def bad(self, *parts, run=None, **more):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            failed = check.check(J.judge(clean(*parts, **more)), run)
        lines = [l for l in out.getvalue().splitlines() if l.startswith("not ok")]
        self.assertEqual(bool(lines), bool(failed))
        return "\n".join(lines)

    def test_promises(self):
        self.assertNotIn("write, default", self.bad())
        self.assertIn("1 errors beyond", self.bad(errors=[J.Error(111, FIRST, "x")]))

    def test_no_reason(self):
        self.assertIn("java, group, default: 0 moves, 0 let go", self.bad())

    def test_arrivals(self):
        self.assertNotIn("home after", self.bad().replace("rezone last: home after 0 of 0", ""))
        self.assertIn("rezone first: home after 0 of 1", self.bad(written(199, C, 3, "r3", conn="x:9")))

    def test_outcomes(self):
        self.assertNotIn("counted as returned", self.bad())
        self.assertIn("1 are counted as returned", self.bad(outcomes={("a-1", 7): "returned"}))

    def test_controls(self):
        self.assertIn("control lie: 0 lost", self.bad())

    def test_parked(self):
        """nobody was parked, or nobody of those was moved: the run says nothing about moves of parked ones"""
        for parked, moved, good in ((0, 0, False), (5, 0, False), (5, 2, True)):
            cycles = [dict(order="first", parked=parked, parked_moved=moved), dict(order="-")]
            self.assertEqual("were parked" in self.bad(run=dict(parked=True, cycles=cycles)), not good)
        self.assertNotIn("were parked", self.bad(run=dict(parked=False, cycles=[dict(order="first", parked=0)])))


class Names(unittest.TestCase):
    def test_client_of(self):
        self.assertEqual(S.client_of(S.client_id(WRITER, 2)), SECOND)
        self.assertEqual(S.client_of(S.client_id(S.Setup("java-2.8.read.default", "", "", "", 1, ""), 12)), ("java-2.8.read.default", 12))
        self.assertIsNone(S.client_of("feeder"))
        self.assertIsNone(S.client_of(None))

    def test_zones(self):
        self.assertEqual([S.zone_of(S.agent_id(a)) for a in S.HOME_AGENTS], ["b"] * len(S.HOME_AGENTS))


if __name__ == "__main__":
    unittest.main()
