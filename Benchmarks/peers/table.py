"""Makes the Markdown table out of pylon-bench's JSON lines, one for each case and server, on standard input."""

import json
import sys


def row(case, name, prefix, line, ratio):
    latency = line[prefix + "latency_ms"]
    every = "yes" if line[prefix + "every_tick_delivered"] else "no"
    cells = [
        case,
        name,
        f"{line[prefix + 'us_per_delivery']:.2f}",
        f"{ratio:.2f}",
        f"{line[prefix + 'cpu_share'] * 100:.0f}%",
        f"{line[prefix + 'delivered_ratio']:.4f}",
        every,
        f"{latency['p50']:.1f}",
        f"{latency['p99']:.1f}",
    ]
    return "| " + " | ".join(cells) + " |"


def main():
    print("| case | server | CPU µs/delivery | × floor | of core 0 | delivered | every tick | p50 ms | p99 ms |")
    print("|---|---|---:|---:|---:|---:|---|---:|---:|")
    seen = set()
    for line in map(json.loads, sys.stdin):
        case = f"{line['clients']:,} × {line['hz']} Hz × {line['bytes']} B"
        # Each server has a floor of its own beside it, which its ratio is from; the first one is shown.
        if case not in seen:
            print(row(case, "floor", "floor_", line, 1))
        seen.add(case)
        print(row(case, line["side"], "", line, line["ratio"]))


main()
