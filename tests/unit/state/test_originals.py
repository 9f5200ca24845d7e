"""dispel4py's examples, rewritten: whether they keep state, whether they write, and how each is called."""

import random
import time
from collections import defaultdict

import pytest

from d4p import GenericPE, ProducerPE, SimpleFunctionPE
from d4p.library.aggregate import CountPE
from d4p_compile.analysis import call_style, may_write, overrides_write, state_of

from .examples import Print, Setup


class TwoInOneOut(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input0")
        self._add_input("input1")
        self._add_output("output")

    def setInputTypes(self, types):
        self.outputconnections["output"]["type"] = types["input0"]

    def process(self, inputs):
        result = ""
        for inp in self.inputconnections:
            if inp in inputs:
                result += "%s" % (inputs[inp])  # noqa: UP031
        if result:
            return {"output": result}


class WordCounter(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self.mywords = defaultdict(int)

    def _process(self, inputs):
        word = inputs["input"][0]
        self.mywords[word] += 1
        return {"output": [word, self.mywords[word]]}


class Producer(GenericPE):
    def __init__(self, outputs=2):
        GenericPE.__init__(self)
        self.counter = 0
        self.outputnames = ["output%s" % i for i in range(outputs)]  # noqa: UP031

    def _process(self, inputs):
        self.counter += 1
        result = {}
        for output in self.outputnames:
            result[output] = self.counter
        return result


class IntegerProducer(ProducerPE):
    def __init__(self, start=0, limit=9):
        ProducerPE.__init__(self)
        self.start, self.limit = start, limit

    def _process(self, inputs):
        for i in range(self.start, self.limit):
            self.write("output", i)


class NoArgument(ProducerPE):
    def _process(self):
        return 1


class Delay(GenericPE):
    def __init__(self, delay=1):
        GenericPE.__init__(self)
        self.delay = delay

    def process(self, inputs):
        time.sleep(self.delay)
        return {"output": inputs["input"]}


class RandomFilter(GenericPE):
    def process(self, inputs):
        if random.choice([True, False]):
            return {"output": inputs["input"]}
        return None


class RandomWords(GenericPE):
    words = ["a", "b"]

    def process(self, inputs=None):
        return {"output": [random.choice(RandomWords.words)]}


class Sieve(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self.divisor = None

    def _process(self, inputs):
        if not self.divisor:
            self.divisor = inputs["input"]


@pytest.mark.parametrize(
    ("cls", "keeps", "writes", "style"),
    [
        (TwoInOneOut, False, False, "process"),
        (WordCounter, True, False, "inputs"),
        (Producer, True, False, "inputs"),
        (IntegerProducer, False, True, "producer"),
        (NoArgument, False, False, "process"),
        (Delay, False, False, "process"),
        (RandomFilter, True, False, "process"),
        (RandomWords, True, False, "process"),
        (Print, False, False, "consumer"),
        (Sieve, True, False, "inputs"),
        (Setup, False, False, "iterative"),
        (CountPE, True, True, "inputs"),
        (SimpleFunctionPE, False, False, "iterative"),
    ],
)
def test_examples(cls, keeps, writes, style):
    pe = cls()
    assert (state_of(pe).keeps, may_write(pe), call_style(pe), overrides_write(pe)) == (keeps, writes, style, False)
