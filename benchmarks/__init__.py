"""What the service can do, measured: one module for each bar of the design (docs/performance.md).

`python -m benchmarks.NAME [--quick]` prints one line of JSON; `make bench` runs them all.
"""
