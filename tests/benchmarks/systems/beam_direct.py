"""Apache Beam on its direct runner: its options are a pipeline's."""

import glob
import json
import tempfile

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from work import add_one, array, first, main, of_counts

SHARES = 8


class CountAndSum(beam.CombineFn):
    def create_accumulator(self):
        return 0, 0

    def add_input(self, accumulator, item):
        return accumulator[0] + 1, accumulator[1] + first(item)

    def merge_accumulators(self, accumulators):
        counts, sums = zip(*accumulators, strict=True)
        return sum(counts), sum(sums)

    def extract_output(self, accumulator):
        return accumulator


def shares(items):
    """Ranges that are made where they are worked on."""
    return [(items * i // SHARES, items * (i + 1) // SHARES) for i in range(SHARES)]


def numbers(share):
    return range(*share)


def arrays(share):
    return map(array, range(*share))


def words(line):
    return line.split()


def answer(kind, given, *options):
    """What the pipeline writes."""
    with tempfile.TemporaryDirectory() as folder:
        with beam.Pipeline(options=PipelineOptions(options)) as pipeline:
            if kind == "words":
                made = (
                    pipeline
                    | beam.io.ReadFromText(given)
                    | beam.FlatMap(words)
                    | beam.combiners.Count.PerElement()
                    | beam.combiners.ToList()
                    | beam.Map(of_counts)
                )
            else:
                made = (
                    pipeline
                    | beam.Create(shares(int(given)))
                    | beam.Reshuffle()
                    | beam.FlatMap(numbers if kind == "numbers" else arrays)
                    | "first" >> beam.Map(add_one)
                    | "second" >> beam.Map(add_one)
                    | beam.CombineGlobally(CountAndSum())
                )
            made | beam.Map(json.dumps) | beam.io.WriteToText(f"{folder}/answer")
        text = "".join(open(path).read() for path in glob.glob(f"{folder}/answer*"))
    return json.loads(text)


if __name__ == "__main__":
    main(f"Apache Beam {beam.__version__}", answer)
