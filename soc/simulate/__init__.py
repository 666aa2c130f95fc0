"""A simulated province: its lawful life as log lines in true formats, any threat mixed in, and the truth written beside it.

`simulate.simulate(spec)` gives the lines in time order; `output.write` puts them into files with `truth.ndjson` and the lists of the
province. Nothing here knows a rule of detection, and no rule may name a value made here.
"""
