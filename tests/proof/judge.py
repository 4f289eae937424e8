"""What moves did to clients, judged from logs alone. Pure: values in, values out, no files, no clock.

In:  a Run (collect.py reads one from a folder; the unit tests make theirs).
Out: judge(run) -> Judgement: a row for each move, a row for each cell; beyond_baseline(cell) -> faults.
Who: proof.py, test_judge.py.

Words. A cycle: home is away, home comes (`up`), clients are moved, home goes (`end`). An act of rezone is a move, or a hold that ended
without one. A fault of a client belongs to the latest act on that client that began before it in the same cycle (a group's: on any
member); what has none is `other_*`: the coming and going of home, or the library by itself, as when its own refresh moves it. Cycles of
mode observe have no acts: all faults in them while home is up are the baseline.
Doubled: a record id stands twice in its topic. Lost: acknowledged to the application, and not in the topic.
"""

import bisect
from collections import Counter, defaultdict, namedtuple

import setups as S

Cycle = namedtuple("Cycle", "n order mode up end")
# t: when it was closed; began: when its first request may have been held back; daemon: which one's cookie it is
Move = namedtuple("Move", "t began daemon cookie client agent who how")
Request = namedtuple("Request", "t agent conn who")  # a Produce or Fetch that an agent has read
Produced = namedtuple("Produced", "t agent conn who topic partition base records")
Record = namedtuple("Record", "topic partition offset id")
Acked = namedtuple("Acked", "t who id")
Error = namedtuple("Error", "t who text")
Generation = namedtuple("Generation", "t group generation")
Kept = namedtuple("Kept", "cycle who reason")  # who was still away at the cycle's end, and why
AtHome = namedtuple("AtHome", "cycle who")  # who worked at home at the cycle's end
# rezone waited, and did not close; held: requests were held back meanwhile
LetGo = namedtuple("LetGo", "t began who held")
Run = namedtuple("Run", "topology setups cycles moves outcomes requests produced records acked errors generations kept let_go at_home")
Judgement = namedtuple("Judgement", "moves cells")

FAULTS = ("doubled", "lost", "generations", "errors")
HOLD = -1  # in the place of a move's number: an act that was none


class Windows:
    """Which cycle a moment belongs to, and which act on a client a fault belongs to."""

    def __init__(self, run):
        self.cycles = sorted(run.cycles, key=lambda c: c.up)
        self.ups = [c.up for c in self.cycles]
        self.by_client, self.by_setup = defaultdict(list), defaultdict(list)
        acts = [(i, m) for i, m in enumerate(run.moves)] + [(HOLD, l) for l in run.let_go if l.held]
        for i, act in acts:
            cycle = self.cycle_at(act.t)
            if cycle:
                self.by_client[act.who].append((act.began, i, cycle.n))
                self.by_setup[act.who[0]].append((act.began, i, cycle.n))
        for mine in list(self.by_client.values()) + list(self.by_setup.values()):
            mine.sort()

    def cycle_at(self, t):
        """the cycle in which home was up at t; None: home was away, or going"""
        i = bisect.bisect_right(self.ups, t) - 1
        return self.cycles[i] if i >= 0 and t < self.cycles[i].end else None

    def cycle_near(self, t):
        """likewise, but home's coming and its going count too"""
        i = bisect.bisect_right(self.ups, t) - 1
        return self.cycles[max(i, 0)] if self.cycles else None

    def act_before(self, t, acts):
        """the number of the latest move that began before t, or HOLD; None: rezone did nothing before t in this cycle"""
        cycle = self.cycle_at(t)
        i = bisect.bisect_right(acts, (t, float("inf"), 0)) - 1
        return acts[i][1] if cycle and i >= 0 and acts[i][2] == cycle.n else None


def executions(produced):
    """(topic, partition) -> sorted [(base, end, t, agent)], to look up when and where an offset was written"""
    out = defaultdict(list)
    for p in produced:
        out[p.topic, p.partition].append((p.base, p.base + p.records, p.t, p.agent))
    for rows in out.values():
        rows.sort()
    return out


def executed(index, record):
    rows = index.get((record.topic, record.partition), [])
    i = bisect.bisect_right(rows, (record.offset, float("inf"))) - 1
    if i >= 0 and rows[i][0] <= record.offset < rows[i][1]:
        return rows[i][2]
    return None


def doubled(run):
    """(t of the latest execution, client) of each record id that stands more than once"""
    places = defaultdict(list)
    for r in run.records:
        places[r.topic, r.id].append(r)
    index = executions(run.produced)
    topics = {s.topic: s for s in run.setups if s.role == "write"}
    for (topic, _), rows in places.items():
        if len(rows) > 1 and topic in topics:
            times = [t for t in (executed(index, r) for r in rows) if t is not None]
            yield max(times, default=0.0), (topics[topic].name, rows[0].partition + 1)


def lost(run):
    there = {r.id for r in run.records}
    return [(a.t, a.who) for a in run.acked if a.id not in there]


def new_generations(run):
    """(t, set-up) of each generation of a group but its first"""
    last = {}
    for g in sorted(run.generations):
        if g.group not in last or g.generation > last[g.group]:
            if g.group in last:
                yield g.t, g.group
            last[g.group] = g.generation


class Tally:
    """Faults by move; and by (set-up, order, mode): after an act of rezone, and others; all while home was up."""

    def __init__(self):
        self.by_move, self.acts, self.other, self.up = (defaultdict(Counter) for _ in range(4))

    def add(self, windows, fault, t, setup, acts):
        act, cycle, near = windows.act_before(t, acts), windows.cycle_at(t), windows.cycle_near(t)
        if near:
            (self.other if act is None else self.acts)[setup, near.order, near.mode][fault] += 1
        if act is not None and act != HOLD:
            self.by_move[act][fault] += 1
        if cycle:
            self.up[setup, cycle.order, cycle.mode][fault] += 1


def tally(run, windows):
    t = Tally()
    for fault, found in (("doubled", doubled(run)), ("lost", lost(run)), ("errors", [(e.t, e.who) for e in run.errors])):
        for at, who in found:
            t.add(windows, fault, at, who[0], windows.by_client[who])
    for at, setup in new_generations(run):
        t.add(windows, "generations", at, setup, windows.by_setup[setup])
    return t


def is_home(agent):
    return S.zone_of(agent) == S.HOME


def until_home(requests, t, end):
    """Seconds from t to the first Produce or Fetch at home with none elsewhere after it; None: not by `end`."""
    after = [r for r in requests if t < r.t < end]
    last_away = max((r.t for r in after if not is_home(r.agent)), default=t)
    first = min((r.t for r in after if is_home(r.agent) and r.t > last_away), default=None)
    return None if first is None else first - t


def went_to(requests, move, end, openers):
    """where the client's next new connection carried data: home, old, other, or nowhere"""
    for r in requests:
        if move.t < r.t < end and openers[r.conn, r.agent] > move.t:
            return "home" if is_home(r.agent) else "old" if r.agent == move.agent else "other"
    return "nowhere"


def between(produced, move, until):
    """records executed from the close until home, at the old agent and at others"""
    at = Counter()
    for p in produced:
        if move.t < p.t <= until and not is_home(p.agent):
            at["old" if p.agent == move.agent else "other"] += p.records
    return at


def first_seen(requests):
    first = {}
    for r in requests:
        first.setdefault((r.conn, r.agent), r.t)
    return first


def by_who(rows):
    out = defaultdict(list)
    for r in rows:
        if r.who:
            out[r.who].append(r)
    for mine in out.values():
        mine.sort()
    return out


def judge_moves(run, windows, t):
    requests, produced = by_who(run.requests), by_who(run.produced)
    openers = {who: first_seen(mine) for who, mine in requests.items()}
    names = {s.name: s for s in run.setups}
    for i, m in enumerate(run.moves):
        cycle, setup = windows.cycle_at(m.t), names.get(m.who[0])
        if not cycle or not setup:
            continue
        mine = requests.get(m.who, [])
        seconds = until_home(mine, m.t, cycle.end)
        part = between(produced.get(m.who, []), m, cycle.end if seconds is None else m.t + seconds)
        yield dict(library=setup.lib, role=setup.role, settings=setup.settings, topology=run.topology, order=cycle.order,
                   mode=cycle.mode, cycle=cycle.n, client=m.who[1], how=m.how, next=went_to(mine, m, cycle.end, openers.get(m.who, {})),
                   seconds=None if seconds is None else round(seconds, 2), at_old=part["old"], at_other=part["other"],
                   outcome=run.outcomes.get((m.daemon, m.cookie), ""), **{f: t.by_move[i][f] for f in FAULTS})


def judge_cells(run, windows, moves, t):
    """A row for each set-up and (order, mode) that had a cycle."""
    cycles = Counter((c.order, c.mode) for c in run.cycles)
    kept, of = defaultdict(Counter), {c.n: (c.order, c.mode) for c in run.cycles}
    for k in run.kept:
        kept[(k.who[0], *of[k.cycle])][k.reason] += 1
    moved = {(m["cycle"], f"{m['library']}.{m['role']}.{m['settings']}", m["client"]) for m in moves}
    by_itself = Counter((h.who[0], *of[h.cycle]) for h in run.at_home if (h.cycle, *h.who) not in moved)
    let_go, mine = Counter(), defaultdict(list)
    for l in run.let_go:
        if cycle := windows.cycle_at(l.t):
            let_go[l.who[0], cycle.order, cycle.mode] += 1
    for m in moves:
        mine[f"{m['library']}.{m['role']}.{m['settings']}", m["order"], m["mode"]].append(m)
    for s in run.setups:
        for (order, mode), n in cycles.items():
            at = (s.name, order, mode)
            yield dict(library=s.lib, role=s.role, settings=s.settings, topology=run.topology, order=order, mode=mode, cycles=n,
                       clients=s.clients, moves=len(mine[at]), let_go=let_go[at], by_itself=by_itself[at], kept=dict(kept[at]), **{f: t.acts[at][f] for f in FAULTS},
                       **{"other_" + f: t.other[at][f] for f in FAULTS}, **{"up_" + f: t.up[at][f] for f in FAULTS})


def judge(run):
    windows = Windows(run)
    t = tally(run, windows)
    moves = list(judge_moves(run, windows, t))
    return Judgement(moves, list(judge_cells(run, windows, moves, t)))


def beyond_baseline(cell):
    """The faults after acts of rezone beyond those of the same cell without any, as {fault: n}. cell: a row of cells.csv, numbers
    as int. A cell without a baseline has a baseline of none."""
    out = {}
    for fault in FAULTS:
        n, base = cell[fault], cell["baseline_" + fault]
        if n and n * max(cell["baseline_cycles"], 1) > base * max(cell["cycles"], 1):
            out[fault] = n
    return out
