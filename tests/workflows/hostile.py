"""Names that would be code, or the end of a string, a comment or a line, wherever they are put without care."""

from __future__ import annotations

from d4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph
from d4p.aggregate import SumPE

#: What must never run: it makes the folder that D4P_CANARY names.
CODE = "__import__('os').makedirs(__import__('os').environ['D4P_CANARY'], exist_ok=True)"
#: Names that can be seen for what they are.
PRINTABLE = (
    CODE, f"' + {CODE} + '", f'" + {CODE} + "', f'"""+{CODE}+"""', f"'''+{CODE}+'''", f"{{{{ {CODE} }}}}", f"{{{CODE}}}",
    "{% include 'x' %}", "{# x", "\\", "a\\", "\\n", 'a"', "a'", '""""', "#", "a -> b.c", "a.b", "->", "|", "]", ");", "x²",
    "ﬁ", "fi", "ｉｔｅｍ", "ª", "İ", "item", "items", "batch", "received", "stage", "at", "pes", "result", "self", "None",
    "class", "lambda", "__class__", "__debug__", "print", "_hidden", ".hidden", "..", "../../up", "/", "a/b", "", "0", "-n",
    "$(mkdir -p $D4P_CANARY)", "`mkdir -p $D4P_CANARY`", "; mkdir -p $D4P_CANARY", "%%{init: {}}%%", "<script>", "&lt;",
    "_SUCCESS", "x" * 300, "数", "é",
)  # fmt: skip
#: Names that can't.
HIDDEN = tuple(f"a{char}{CODE}{char}b" for char in "\n\r\t\v\f\0\x1b\x1c\x7f\x85\u2028\u2029\u200b\u202e\udc80\ud800") + (
    f'"""\n{CODE}\n"""', f"\n    {CODE}", "\n", "\0", " ")  # fmt: skip


class Evil(str):
    """A name that prints as something else."""

    __slots__ = ()

    def __repr__(self):
        return CODE

    __str__ = __format__ = lambda self, *_: CODE


class Records(ProducerPE):
    """Writes records that have a field for each name."""

    def _process(self, inputs):
        for number in range(4):
            self.write("output", {name: number for name in (*PRINTABLE, *HIDDEN)})


class Add(GenericPE):
    """Adds one to the field that it groups by, from one port to another."""

    def __init__(self, name, port, field, count):
        GenericPE.__init__(self)
        self.name, self.port, self.field = name, port, field
        self._add_input(port, grouping=[field])
        self._add_output(port)
        self.numprocesses = count

    def process(self, inputs):
        item = dict(inputs[self.port])
        item[self.field] += 1
        return {self.port: item}


class Field(IterativePE):
    """Gives two fields of a record as a tuple whose types are declared."""

    def __init__(self, name):
        IterativePE.__init__(self)
        self._add_output("output", tuple_type=[("key", int), (name, int)])

    def _process(self, item):
        return item["#"], item["\n"]


def names():
    """A chain of PEs, ports and fields with all these names, some of them of several instances, and all kinds of
    functions between stages; a sum of a field that Spark takes from a column."""
    graph = WorkflowGraph()
    before, output = Records(), "output"
    before.name = HIDDEN[0]
    for number, name in enumerate((*PRINTABLE, *HIDDEN)):
        port = PRINTABLE[number % len(PRINTABLE)]
        pe = Add(name, Evil(port) if number % 5 == 0 else port, Evil(name) if number % 7 == 0 else name,
                 2 if number in (3, 60) else 1)
        graph.connect(before, output, pe, port)
        before, output = pe, port
    field, total = Field(HIDDEN[0]), SumPE([1])
    field.name, total.name = Evil("field"), HIDDEN[1]
    total.numprocesses = 2
    total.inputconnections["input"]["grouping"] = "all"
    graph.connect(before, output, field, "input")
    graph.connect(field, "output", total, "input")
    return graph


def port(name, output=False):
    """One PE with a port of a name."""
    pe = GenericPE()
    (pe._add_output if output else pe._add_input)(name)
    graph = WorkflowGraph()
    graph.add(pe)
    return graph


class Says(ProducerPE):
    """Writes what it was made with."""

    def __init__(self, said):
        ProducerPE.__init__(self)
        self.said = said

    def _process(self, inputs):
        return repr(self.said)


def parameter(said):
    """A graph made of a parameter."""
    graph = WorkflowGraph()
    graph.add(Says(said))
    return graph
