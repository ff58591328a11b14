"""Starts the programs that it is told, one at a time: a line is {"command": [...], "folder": "...", "environment": {...}}, the answer how long it ran."""
import json, os, subprocess, sys, time

print("ok ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    environment = {**os.environ, **asked.get("environment", {})}
    environment = {name: value for name, value in environment.items() if value is not None}
    start = time.perf_counter()
    ended = subprocess.run(asked["command"], cwd=asked.get("folder"), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seconds = time.perf_counter() - start
    print(f"ok {seconds * 1000:.3f}" if ended.returncode == 0 else f"error {ended.stdout[-500:]!r}", flush=True)
