"""The primes up to a limit, by a sieve that feeds back to itself.

    limit > sieve (what is left goes round) > primes

Eratosthenes strikes out the multiples of 2, then of 3, then of 5 ... As a pipeline that would be a filter for each
prime, one behind the other, and nobody knows beforehand how many. Here there is one filter, and the numbers go round:
the first of each round is a prime, and what it doesn't divide is left for the next round.
"""

from d4p import GenericPE, ProducerPE, WorkflowGraph

END = None  # of a round


class Limit(ProducerPE):
    """Writes the limit."""

    def __init__(self, limit):
        ProducerPE.__init__(self)
        self.limit = limit

    def _process(self, inputs):
        return self.limit


class Sieve(GenericPE):
    """Sends the numbers up to the limit round. Of those that come round again, the first of a round goes to `prime`,
    and what it doesn't divide to `left`.

    In the round whose prime has a square beyond the limit all that is left is prime, and nothing goes round any more.
    """

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("limit")
        self._add_input("again")
        self._add_output("prime")
        self._add_output("left")
        self.limit = 0
        self.prime = None  # of this round

    def process(self, inputs):
        if "limit" in inputs:  # one port's item a call
            self.limit = inputs["limit"]
            for n in range(2, self.limit + 1):
                self.write("left", n)
            self.write("left", END)
        else:
            self.sift(inputs["again"])

    def sift(self, n):
        if n is END:
            if self.prime is not None and self.prime**2 <= self.limit:
                self.write("left", END)
            self.prime = None
        elif self.prime is None:
            self.prime = n
            self.write("prime", n)
        elif n % self.prime:
            self.write("left" if self.prime**2 <= self.limit else "prime", n)


def make(limit=100):
    """The workflow for a limit: `d4p run sieve.py:make -p limit=100000`."""
    graph = WorkflowGraph()
    source, sieve = Limit(limit), Sieve()
    source.name, sieve.name = "limit", "sieve"
    graph.connect(source, "output", sieve, "limit")
    graph.connect(sieve, "left", sieve, "again")  # an output to an input of the same PE: a cycle
    return graph


graph = make()
