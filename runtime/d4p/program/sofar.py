"""How far a run is, from what its instances have counted: the event `progress`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from d4p.graph.core import GROUPING
from d4p.workflow.workflow import Workflow, unconnected

Report = dict[str, Any]


class SoFar:
    """Makes the event of reports, again and again; what the workflow alone says is looked up once."""

    def __init__(self, workflow: Workflow) -> None:
        self._names = set(workflow.pes)
        self._into: dict[str, list[tuple[str, str, str]]] = {}  # (producer, its port, edge) of each PE's edges
        self._from: dict[tuple[str, str], list[tuple[str, str]]] = {}  # (consumer, edge) of each port's edges
        self._copied: set[str] = set()
        for source, output, dest, port in workflow.edges():
            edge = f"{source}.{output} -> {dest}.{port}"
            self._into.setdefault(dest, []).append((source, output, edge))
            self._from.setdefault((source, output), []).append((dest, edge))
            grouping = workflow.pes[dest].inputconnections[port].get(GROUPING)
            if grouping == "all" or isinstance(grouping, str) and grouping.startswith("pairs"):
                self._copied.add(dest)
        results = {(workflow.names[pe], port) for pe, port in unconnected(workflow)}
        self._ports = {root: [(root, str(port)) for port in workflow.pes[root].outputconnections]
                       for root in workflow.roots()}
        self._results = {key for ports in self._ports.values() for key in ports if key in results}

    def __call__(self, reports: Iterable[Report]) -> dict[str, dict[str, int]]:
        """Each by PE:

        - `received`: items that have come, each once, however many instances get a copy of it;
        - `written`: items that a root has written;
        - `expected`: items that will have come, where all that sends them is done, or gives a number that is known;
        - `pieces`, `read`: into how many pieces the input of a reader falls, and how many of them it has read;
        - `done`: 1 where nothing comes any more.
        """
        received, sent, results, expected = (Counter[Any]() for _ in range(4))
        pieces, read = Counter[str](), Counter[str]()
        ended, wanted, stage_of = Counter[int](), {}, {}
        for report in reports:
            received.update(report["received"])
            sent.update(report["sent"])
            results.update(report["results"])
            expected.update(report["expected"])
            for reader, (done, of) in report["pieces"].items():
                pieces[reader] += of
                read[reader] += done
            number = report["stage"]
            ended[number] += report["ended"]
            wanted[number] = report["instances"]
            stage_of.update(dict.fromkeys(report["received"].keys() & self._names, number))
        done = {pe for pe, number in stage_of.items() if ended[number] == wanted[number]}
        for pe, edges in self._into.items():
            if all(edge in sent for _, _, edge in edges):
                count = sum(sent[edge] for _, _, edge in edges)
                if pe in self._copied:
                    received[pe] = count
                if pe not in done and all(source in done for source, _, _ in edges):
                    expected[pe] = count
        of_roots = {root: self._written(root, received, sent, results) for root in self._ports}
        written = {root: sum(count or 0 for count in counts) for root, counts in of_roots.items()
                   if counts and None not in counts}
        return {"received": dict(received), "written": written, "expected": dict(expected), "pieces": dict(pieces),
                "read": dict(read), "done": dict.fromkeys(sorted(done), 1)}

    def _written(self, root: str, received: Counter[str], sent: Counter[str], results: Counter[Any]
                 ) -> list[int | None]:
        """The items written at each port of a root; None where nobody counts them alone."""
        return [results[key] if key in self._results else self._on(key, received, sent) for key in self._ports[root]]

    def _on(self, key: tuple[str, str], received: Counter[str], sent: Counter[str]) -> int | None:
        port = f"{key[0]}.{key[1]}"
        if port in received:
            return received[port]
        for dest, edge in self._from[key]:
            if edge in sent:
                return sent[edge]
            if len(self._into[dest]) == 1:
                return received[dest]
        return None
