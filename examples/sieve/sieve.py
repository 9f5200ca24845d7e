"""The primes up to a limit, by a sieve that feeds back to itself.

    numbers > sieve (what is left goes round) > primes

Eratosthenes strikes out the multiples of 2, then of 3, then of 5 ... As a pipeline that would be a filter for each
prime, one behind the other, and nobody knows beforehand how many. Here there is one filter, and the numbers go round:
the first of each round is a prime, and what it doesn't divide is left for the next round.
"""

from d4p import GenericPE, ProducerPE, WorkflowGraph

END = None  # of a round


class Numbers(ProducerPE):
    """Writes 2 .. limit, and the end of the first round."""

    def __init__(self, limit):
        ProducerPE.__init__(self)
        self.limit = limit

    def _process(self, inputs):
        for n in range(2, self.limit + 1):
            self.write("output", n)
        self.write("output", END)


class Sieve(GenericPE):
    """Takes the numbers of a round, in order; writes its first to `prime`, and to `left` what that doesn't divide.

    In the round whose prime has a square beyond the limit all that is left is prime, and nothing goes round any more.
    """

    def __init__(self, limit):
        GenericPE.__init__(self)
        self.limit = limit
        self._add_input("number")
        self._add_input("again")
        self._add_output("prime")
        self._add_output("left")
        self.prime = None  # of this round

    def process(self, inputs):
        ((_, n),) = inputs.items()  # one port's item a call; both are treated alike
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
    numbers, sieve = Numbers(limit), Sieve(limit)
    numbers.name, sieve.name = "numbers", "sieve"
    graph.connect(numbers, "output", sieve, "number")
    graph.connect(sieve, "left", sieve, "again")  # an output to an input of the same PE: a cycle
    return graph


graph = make()
