#!/usr/bin/env python3
"""The judge of the table and the table, on runs made by hand. `make fleet-test`."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import fleet as F  # noqa: E402
import judge as J  # noqa: E402
import setups as S  # noqa: E402

A, HOME = 1, 2
ID = "its client.id"
KEY = "java.write"
ONE, TWO = (KEY, 1), (KEY, 2)


def run(**more):
    base = dict(up=100.0, end=160.0, data=[(90, ONE, A, ID), (90, TWO, A, ID), (110, ONE, HOME, ID), (150, TWO, A, ID)], moves=[(105, ONE)], acked={KEY: {"x-1": 90.0}},
                dump={KEY: ["x-1", "x-2"]}, joined=[], assigned=[], errors=[], away={TWO: "library"}, late=set(), skipped={}, load=1, setups=[KEY])
    return dict(J.rows(J.Run(**{**base, **more})))[more.get("setups", [KEY])[0]]


class Judge(unittest.TestCase):
    def test_one_is_home_by_a_move(self):
        r = run()
        self.assertEqual((r["clients"], r["home"], r["moved"], r["by_itself"], r["moves"], r["seconds"], r["away"]), (2, 1, 1, 0, 1, 10.0, "library=1"))

    def test_by_itself(self):
        r = run(data=[(90, ONE, A, ID), (110, ONE, HOME, ID), (112, TWO, HOME, ID)])
        self.assertEqual((r["home"], r["moved"], r["by_itself"], r["away"]), (2, 1, 1, ""))

    def test_home_for_good(self):
        """who goes away again is home from its return on; who ends elsewhere is not"""
        self.assertEqual(run(data=[(110, ONE, HOME, ID), (120, ONE, A, ID), (130, ONE, HOME, ID)])["seconds"], 30.0)
        self.assertEqual(run(data=[(110, ONE, HOME, ID), (120, ONE, A, ID)])["home"], 0)

    def test_several_clients(self):
        """an application is home when each client of it is: a reader that was moved, and a producer that stays"""
        data = [(90, ONE, A, "r"), (90, ONE, A, "w"), (110, ONE, HOME, "r"), (115, ONE, A, "w"), (120, ONE, HOME, "r"), (110, TWO, HOME, ID)]
        self.assertEqual(run(data=data)["home"], 1)
        self.assertEqual(run(data=[*data, (125, ONE, HOME, "w")])["seconds"], 25.0)

    def test_after_the_end(self):
        """what clients do once they are told to end does not count"""
        self.assertEqual(run(data=[(110, ONE, HOME, ID), (161, ONE, A, ID)])["home"], 1)

    def test_moves_before_home_came(self):
        self.assertEqual(run(moves=[(95, ONE)])["moved"], 0)

    def test_faults(self):
        r = run(acked={KEY: {"x-1": 97.0, "x-9": 120.0}}, dump={KEY: ["x-1", "x-1", "x-2"]},
                errors=[(99, KEY, "before"), (120, KEY, "late"), (170, KEY, "after")])
        self.assertEqual([r[f] for f in F.FAULTS], [1, 1, 0, 1])
        self.assertIn("late", r["note"])

    def test_records_older_than_any_move(self):
        acked = {KEY: {"x-1": 94.0, "x-2": 94.0, "x-3": 95.5}}
        r = run(acked=acked, dump={KEY: ["x-1", "x-1", "x-4", "x-4"]})
        self.assertEqual((r["doubled"], r["lost"]), (1, 1))
        self.assertIn("2 doubled or lost before home came", r["note"])

    def test_not_there(self):
        """an agent has nothing of a client: it may have no connection, or its application has ended"""
        data = [(90, ONE, A, ID), (90, TWO, A, ID)]
        self.assertEqual(run(data=data, away={ONE: "library"})["away"], "library=1; no connection=1")
        r = run(data=data, away={}, errors=[(110, KEY, J.ENDED)])
        self.assertEqual((r["away"], r["errors"], F.told(r)), ("ended=2", 1, "the application ended: 2"))
        self.assertEqual(run(data=data, away={}, errors=[(161, KEY, J.ENDED)])["away"], "no connection=2")

    def test_generations(self):
        key = "java.group"
        joined = [(90, key, 1), (91, key, 2), (120, key, 2), (121, key, 3), (170, key, 4)]
        self.assertEqual(run(setups=[key], joined=joined)["generations"], 1)
        self.assertEqual(run(setups=[key], assigned=[(90, key), (120, key), (170, key)])["generations"], 1)


class Missing(unittest.TestCase):
    def setUp(self):
        F.ENV = {"ONLY": "java.write java.group", "BATCH": "5"}

    def tearDown(self):
        F.ENV = os.environ

    def next_(self, rows):
        lack = F.missing(rows, "new")
        return lack and (lack[0], [s.key for s in lack[1]])

    def test_order(self):
        """first what was never run, in whatever mode; then what an earlier rezone ran, unless that counts"""
        ran = {(k, m): dict(rezone="old") for k in ("java.write", "java.group") for m in F.MODES}
        self.assertEqual(self.next_({}), ("observe", ["java.write", "java.group"]))
        self.assertEqual(self.next_({k: v for k, v in ran.items() if k != ("java.group", "last")}), ("last", ["java.group"]))
        self.assertEqual(self.next_(ran), ("observe", ["java.write", "java.group"]))
        self.assertIsNone(self.next_({k: dict(rezone="new") for k in ran}))
        F.ENV["KEEP"] = "1"
        self.assertIsNone(self.next_(ran))


class Table(unittest.TestCase):
    def rows(self, **changed):
        base = dict.fromkeys(F.HEAD, "") | run() | dict(setup=KEY, rezone="x")
        return {(KEY, m): base | dict(mode=m) | changed.get(m, {}) for m in F.MODES}

    def line(self, **changed):
        return F.line(S.BY_KEY[KEY], self.rows(**changed))

    def test_line(self):
        self.assertEqual(self.line()[2], "moved 1 of 2, 10.0 s; stays 1: `library`")
        self.assertEqual(self.line()[5], "none")

    def test_beyond(self):
        self.assertEqual(self.line(first=dict(doubled=2), last=dict(doubled=1))[5], "3 doubled")
        self.assertEqual(self.line(first=dict(errors=2), observe=dict(errors=2))[5], "none")

    def test_not_run(self):
        rows = self.rows()
        del rows[KEY, "first"], rows[KEY, "last"]
        self.assertEqual(F.line(S.BY_KEY[KEY], rows)[2], "not run")
        gone = dict.fromkeys(F.HEAD, "") | dict(note="not run: it is not built")
        self.assertEqual(F.line(S.BY_KEY[KEY], {(KEY, m): gone for m in F.MODES})[5], "not run: it is not built")

    def test_share(self):
        """what the rules exclude does not count"""
        self.assertEqual(F.share(self.rows(), "first"), [2, 1, 1, 0, 1, 1])
        self.assertEqual(F.share({("java-3.9.acks0", "first"): self.rows()[KEY, "first"]}, "first"), [0, 0, 0, 0, 0, 0])

    def test_in_time(self):
        """a set-up that may take longer is home, and not in time; one with nobody home has no time"""
        self.assertEqual(F.share(self.rows(first=dict(seconds=S.WINDOW_S + 1)), "first")[-1], 0)
        self.assertEqual(F.share(self.rows(first=dict(home=0, seconds="")), "first")[-1], 0)


class Names(unittest.TestCase):
    def test_client_of(self):
        for key in S.BY_KEY:
            self.assertEqual(S.client_of(S.client_id(S.BY_KEY[key], 2)), (key, 2))
        self.assertEqual(S.client_of("streams.1,warpstream_az=b,warpstream_interzone_lb=true-StreamThread-1-consumer"), ("streams", 1))
        self.assertIsNone(S.client_of("feeder"))
        self.assertIsNone(S.client_of(None))

    def test_zones(self):
        self.assertEqual([S.is_home(S.agent_id(*a)) for a in S.agents(("a", "b"))], [False, True, True, True])


if __name__ == "__main__":
    unittest.main()
