#!/usr/bin/env python3
"""Imports the same sandbox by our own sync and by dlt and singer-sdk, in turn, and prints what each took.

    cargo build --release -p benches && benches/peers/run.py [--rows 20000] [--turns 3] [--duckdb] [--target FOLDER]
"""

import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PINNED = {
    "dlt": ["dlt[sqlalchemy]==1.31.0"],
    "singer": ["singer-sdk==0.54.9"],
}
# What the sandbox is started with unless it is told otherwise; nobody's.
INVENTED = {
    "RETAILER": "cuahangmau",
    "CLIENT_ID": "5f0c9a52-4d1e-4b7a-9c3e-0a1b2c3d4e5f",
    "CLIENT_SECRET": "0123456789ABCDEF0123456789ABCDEF01234567",
}


def measured(command, log):
    """Rows that it says it wrote, seconds by the clock and of the processors, and MiB of the largest of its processes."""
    # The child of a process of its own, so that what it waited for is counted and what ran before is not.
    read, write = os.pipe()
    if (fork := os.fork()) == 0:
        code = 1
        try:
            os.close(read)
            begun = time.monotonic()
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, env=os.environ | INVENTED)
            wall = time.monotonic() - begun
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            rows = done.stdout.decode().split()[-1] if done.returncode == 0 else "0"
            figures = (rows, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
            os.write(write, " ".join(map(str, figures)).encode())
            code = done.returncode
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    if os.waitpid(fork, 0)[1] != 0:
        raise SystemExit(f"{command[0]} failed: see {log.name}")
    rows, wall, cpu, peak = text.split()
    return int(rows), float(wall), float(cpu), float(peak)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rows", type=int, default=20_000, help="customers, and as many orders and as many invoices")
    words.add_argument("--turns", type=int, default=3)
    words.add_argument("--duckdb", action="store_true", help="dlt into DuckDB too (several GiB of memory)")
    target = os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target")
    words.add_argument("--target", type=pathlib.Path, default=pathlib.Path(target), help="cargo's target folder")
    said = words.parse_args()
    programs = said.target.resolve() / "release"
    for name in ("benches", "import"):
        if not (programs / name).exists():
            raise SystemExit(f"{programs / name} is not there: cargo build --release -p benches")

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        python = {}
        for name, packages in PINNED.items():
            print("installing", *packages, file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
            python[name] = folder / name / "bin" / "python"
            extra = ["duckdb==1.5.4"] if said.duckdb and name == "dlt" else []
            pip = [python[name], "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *packages, *extra], check=True)

        shop = [programs / "benches", "--child", "sandbox", "--rows", str(said.rows)]
        with subprocess.Popen(shop, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sandbox:
            url = sandbox.stdout.readline().strip()
            ours = lambda *options: lambda place: [programs / "import", url, place / "crm.db", *options]
            script = lambda name, *options: lambda place: [python[name], HERE / f"{name}_pull.py", url, place, *options]
            contenders = {
                "ours, spaced as for the vendor": ours(),
                "ours, unpaced": ours("--unpaced"),
                "singer-sdk 0.54.9, JSON lines": script("singer"),
                "dlt 1.31.0, SQLite": script("dlt", "sqlite"),
            }
            if said.duckdb:
                contenders["dlt 1.31.0, DuckDB 1.5.4"] = script("dlt", "duckdb")
            seen = {name: [] for name in contenders}
            names = list(contenders)
            for turn in range(said.turns):
                # Each is first once, so that nobody always runs after the same neighbour.
                first = turn % len(names)
                for name in names[first:] + names[:first]:
                    with tempfile.TemporaryDirectory(dir=folder) as place, open(folder / "log", "w+") as log:
                        try:
                            rows, *figures = measured(contenders[name](pathlib.Path(place)), log)
                        except SystemExit:
                            log.seek(0)
                            print(log.read()[-4000:], file=sys.stderr)
                            raise
                    if rows != 3 * said.rows:
                        raise SystemExit(f"{name} wrote {rows} rows of {3 * said.rows}")
                    seen[name].append(figures)
                    print(f"turn {turn + 1}: {name}: {figures[0]:.2f} s", file=sys.stderr)
            sandbox.stdin.close()

    print(f"{3 * said.rows} rows, {said.turns} turns: min / median / max")
    print(f"{'':32}{'wall s':>24}{'CPU s':>24}{'peak MiB':>24}")
    for name, turns in seen.items():
        columns = ([min(of), statistics.median(of), max(of)] for of in zip(*turns))
        texts = (" / ".join(f"{value:.{0 if value >= 100 else 2}f}" for value in column) for column in columns)
        print(f"{name:32}" + "".join(f"{text:>24}" for text in texts))


if __name__ == "__main__":
    main()
