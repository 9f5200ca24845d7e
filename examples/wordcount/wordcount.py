"""The twenty most frequent words of a book.

    read > split > count (4 instances, grouped by word) > top (one instance)

A word is a run of letters, in lower case; letters of any alphabet count, with their accents.
"""

import re
from collections import Counter
from heapq import nsmallest
from pathlib import Path

from d4p import GenericPE, IterativePE, ReadLines, WorkflowGraph

BOOK = Path(__file__).with_name("opticks.txt")
WORD = re.compile(r"[^\W\d_]+")  # \w without digits and underscores


class Split(GenericPE):
    """Takes a line, writes its words."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("line")
        self._add_output("word", tuple_type=["word"])

    def process(self, inputs):
        for word in WORD.findall(inputs["line"]):
            self.write("word", (word.lower(),))


class Count(GenericPE):
    """Counts the words that come to this instance: all occurrences of a word do. Writes (word, count) at the end."""

    any_order = True  # a count doesn't depend on the order of the words

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("word", grouping=[0])
        self._add_output("count", tuple_type=["word", "count"])
        self.counts = Counter()

    def process(self, inputs):
        self.counts[inputs["word"][0]] += 1

    def postprocess(self):
        for word, count in self.counts.items():
            self.write("count", (word, count))


class Top(IterativePE):
    """Writes the `n` most frequent words, the most frequent first; equal ones by the alphabet."""

    any_order = True  # the counts are sorted

    def __init__(self, n):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = "global"
        self.n = n
        self.counts = []

    def _process(self, word_and_count):
        self.counts.append(word_and_count)

    def postprocess(self):
        for word, count in nsmallest(self.n, self.counts, key=lambda wc: (-wc[1], wc[0])):
            self.write("output", (word, count))


def make(path=BOOK, n=20):
    """The workflow for a text file, a folder or a glob of them: `d4p run wordcount.py:make -p path='books/*.txt'`."""
    read, split, count, top = ReadLines(path), Split(), Count(), Top(n)
    read.name, split.name, count.name, top.name = "read", "split", "count", "top"
    graph = WorkflowGraph()
    graph.connect(read, "output", split, "line")
    graph.connect(split, "word", count, "word")
    graph.connect(count, "count", top, "input")
    return graph


graph = make()
