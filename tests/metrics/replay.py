#!/usr/bin/env python3
"""The recorded pages (recorded.txt, by tests/metrics/record) as OpenMetrics with times, for promtool to make a database of.

A metric that is younger than the recording is made up here (MADE_UP), and said so, until it is recorded again.

In:  recorded.txt on stdin, argument: seconds since 1970 of its first page. Out: OpenMetrics on stdout, each series at each look; the
     names of what was made up on stderr.
"""
import sys

start, at, series, pages = float(sys.argv[1]), None, {}, []
for line in sys.stdin:
    key, value = line.rstrip("\n").rsplit(" ", 1)
    if key == "t":
        at = start + float(value)
        pages.append((at, series := dict(series)))
    else:
        series[key] = value


MADE_UP = {  # series: how much it grows in a second
    'rezone_traffic_bytes_total{group="default",client_zone="b",agent_zone="a",direction="to_client"}': 50000,
    'rezone_traffic_bytes_total{group="default",client_zone="a",agent_zone="a",direction="from_client"}': 80000,
}
for key, growth in MADE_UP.items():
    if not any(k.partition("{")[0] == key.partition("{")[0] for k in series if k not in MADE_UP):
        print(f"made up, for it was not recorded: {key.partition('{')[0]}", file=sys.stderr)
        for at, values in pages:
            values[key] = str(round(growth * (at - start)))


def labelled(key):
    name, brace, labels = key.partition("{")
    return f'{name}{{job="rezone",instance="n1"{"," + labels if brace else "}"}'


# a family stands together, each of its series in the order of time
for key in sorted(pages[-1][1], key=lambda k: (k.partition("{")[0], k)):
    for at, values in pages:
        if key in values:
            value = values[key]
            if key.startswith("rezone_last_tick_timestamp_seconds"):  # it was recorded at another time of day
                value = f"{at - 0.5:.3f}"
            print(labelled(key), value, f"{at:.3f}")
for at, _ in pages:
    print('up{job="rezone",instance="n1"} 1', f"{at:.3f}")
print("# EOF")
