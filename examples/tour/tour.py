"""A tour of what a graph can be: every grouping, composites, a split and merge, a tree, several outputs.

A classic dispel4py file: it imports `dispel4py` and runs unmodified. All items are integers or tuples of integers, and
no result depends on the order in which items arrive.

             +-> fizz -(buzz)-------------> sieve[by remainder] -> tally         group-by index, several outputs
    numbers -+-> smaller / larger -> join -> sums                                split and merge (a diamond)
             +-> Ends: low / high -> span                                        a composite with two ports, "global"
             +-> chain: square > add(1) -> vote ("all", 3 instances)             a chain, broadcast
             +-> node -> node, node -> leaf x 4                                  a tree
             +-> people (named fields) -> family                                 group-by name
"""

from dispel4py.base import BasePE, CompositePE, ConsumerPE, IterativePE, ProducerPE, create_iterative_chain
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph
