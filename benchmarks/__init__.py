"""Speed and scale: `make bench` measures everything, `make bench BENCH=name` one thing.

Each measure is a module with a NAME, a TITLE and a function `measure`; its docstring stands over
its figures in docs/speed.md.
"""
