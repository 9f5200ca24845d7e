"""Places: where in the sequential run an item stands, said where items travel, and merged by where it matters.

A place is a tuple of ints, (phase, run) or (phase, run, number), and places compare as tuples do. Phases are those of a
sequential run: the `preprocess` of each PE in turn, items, the `postprocess` of each PE in turn. A run is some
consecutive items of one dealer, which are dealt to one instance together; where an exchange has cut runs apart, items
of a run have a number each. Items that came another way have another order: places say nothing about the two, but for
their phases.
"""
